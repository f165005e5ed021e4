"use strict";
// Keeps the parts of the page new, shows times in the browser's time zone, presses the buttons without loading the page again
// and copies texts. Without it all of that works by hand, and times are in UTC.
(() => {
	const again = 15000; // ms
	const lost = document.getElementById("lost");
	const answer = document.getElementById("answer");
	const parts = document.querySelectorAll(".part");
	let source = null;
	let waiting = 0;

	const say = (element, text) => {
		if (element && element.textContent !== text) element.textContent = text;
	};
	const format = options => new Intl.DateTimeFormat(undefined, options);
	const clock = format({ timeStyle: "medium" });
	const moment = format({ dateStyle: "medium", timeStyle: "medium" });
	const weekday = format({ weekday: "short" });
	const date = format({ weekday: "short", day: "numeric", month: "short" });
	const week = 6 * 24 * 3600 * 1000; // ms, in which the name of a day says which one
	const localize = root => {
		const now = new Date();
		for (const time of root.querySelectorAll("time")) {
			const at = new Date(time.dateTime);
			if (Number.isNaN(at.getTime())) continue;
			if (time.className === "clock") {
				say(time, at.toDateString() === now.toDateString() ? clock.format(at) : moment.format(at));
			} else if (time.className === "day") {
				const text = at >= now && at - now < week ? weekday.format(at) : date.format(at);
				say(time, at.toDateString() === now.toDateString() ? "Today" : text);
			} else {
				time.title = moment.format(at);
			}
		}
		// What is one day in UTC may be two here, and the other way round.
		for (const days of root.querySelectorAll(".days")) {
			const [first, last] = days.querySelectorAll("time");
			last.parentElement.hidden = first.textContent === last.textContent;
		}
	};
	const show = (element, html) => {
		const template = document.createElement("template");
		template.innerHTML = html;
		localize(template.content);
		element.replaceChildren(template.content);
	};
	localize(document);
	say(document.getElementById("zone"), moment.resolvedOptions().timeZone);
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
				show(part, event.data);
			});
		}
	};
	// A page that nobody sees takes no stream.
	if (parts.length > 0) {
		document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
		window.addEventListener("pagehide", stop);
		window.addEventListener("pageshow", event => event.persisted && listen());
	}
	if (parts.length > 0 && !document.hidden) listen();

	// On the document: the forms in the parts are made anew.
	document.addEventListener("submit", async event => {
		event.preventDefault();
		say(answer, "Asking…");
		try {
			const body = new URLSearchParams(new FormData(event.target));
			const response = await fetch(event.target.action, { method: "POST", headers: { Accept: "text/html; fragment=1" }, body });
			const text = (await response.text()).trim();
			if (response.ok) show(answer, text);
			else say(answer, text);
		} catch {
			say(answer, "The bridge did not answer. Try again in a moment.");
		}
	});

	for (const button of document.querySelectorAll("button.copy")) {
		const text = document.getElementById(button.dataset.copy);
		button.hidden = false;
		button.addEventListener("click", async () => {
			const label = button.textContent;
			getSelection().selectAllChildren(text);
			try {
				// The clipboard is there with HTTPS and on this machine alone.
				if (navigator.clipboard) await navigator.clipboard.writeText(text.textContent);
				else if (!document.execCommand("copy")) throw new Error("refused");
				button.textContent = "Copied";
			} catch {
				button.textContent = "Selected: press Ctrl+C";
			}
			setTimeout(() => (button.textContent = label), 3000);
		});
	}
})();
