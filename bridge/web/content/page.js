"use strict";
// Keeps the parts of the page new, and presses the button without loading the page again. Without it both work by hand.
(() => {
	const again = 15000; // ms
	const lost = document.getElementById("lost");
	const answer = document.getElementById("answer");
	const parts = document.querySelectorAll(".part");
	let source = null;
	let waiting = 0;

	const say = (element, text) => {
		if (element.textContent !== text) element.textContent = text;
	};
	const stop = () => {
		clearTimeout(waiting);
		if (source) source.close();
		source = null;
	};
	const listen = () => {
		stop();
		source = new EventSource("events");
		source.addEventListener("open", () => say(lost, ""));
		source.addEventListener("error", () => {
			say(lost, "The bridge does not answer; what is shown may be old. Trying again.");
			// The browser tries again by itself, but not after an answer that is an error.
			if (source && source.readyState === EventSource.CLOSED) waiting = setTimeout(listen, again);
		});
		for (const part of parts) {
			source.addEventListener(part.id, event => {
				part.innerHTML = event.data;
			});
		}
	};
	// A page that nobody sees takes no stream.
	document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
	window.addEventListener("pagehide", stop);
	window.addEventListener("pageshow", event => event.persisted && listen());
	if (!document.hidden) listen();

	// On the document: the forms in the parts are made anew.
	document.addEventListener("submit", async event => {
		event.preventDefault();
		say(answer, "Asking…");
		try {
			const body = new URLSearchParams(new FormData(event.target));
			const response = await fetch(event.target.action, { method: "POST", headers: { Accept: "text/plain" }, body });
			say(answer, (await response.text()).trim());
		} catch {
			say(answer, "The bridge did not answer. Try again in a moment.");
		}
	});
})();
