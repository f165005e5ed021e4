package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

var darkDesktop = viewport{width: 1280, height: 900, scale: 1, dark: true}

func TestPictureOfTheStatusPage(t *testing.T) {
	if *pictures == "" {
		t.Skip("for make screenshots: the page is opened by another test")
	}
	t.Parallel()
	h := startPageHome(t)
	for name, view := range map[string]viewport{"status-page": desktop, "status-page-dark": darkDesktop, "status-page-phone": phone} {
		t.Run(name, func(t *testing.T) {
			w := h.open(t, view, brewingPage)
			w.shows(t, devicesText, "Lager Pill", "IPA Pill", "day 6", "Gravity 1.0")
			// Not picture, which waits until the page stands still: this one moves.
			png, err := chromedp.Run(w, chromedp.CaptureScreenshot())
			require.NoError(t, err)
			folder := *pictures
			if folder == "" {
				folder = t.ArtifactDir()
			}
			path := filepath.Join(folder, name+".png")
			require.NoError(t, os.WriteFile(path, png, 0o644))
			t.Log(path)
		})
	}
}
