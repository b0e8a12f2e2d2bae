package main

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/browser"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// A page is a browser that shows the dashboard.
type page struct {
	*browser.Browser
	t *testing.T
}

func openPage(t *testing.T, loop *reactor.Loop, address string) *page {
	t.Helper()
	b := &page{browser.Start(t, loop), t}
	b.Open(address)
	return b
}

// click presses the middle of an element, as a person does.
func (b *page) click(selector string) {
	b.t.Helper()
	var at struct{ X, Y float64 }
	b.Value(fmt.Sprintf(`(() => {
		const element = document.querySelector(%q);
		element.scrollIntoView({ block: 'center' });
		const box = element.getBoundingClientRect();
		return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
	})()`, selector), &at)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.Call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1})
	}
}

// look makes the window so wide, and the colours dark or light.
func (b *page) look(width, height int, scheme string) {
	b.t.Helper()
	b.Call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700})
	b.Call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
}

// picture writes what is seen to a file in the directory that BROOD_DASHBOARD_PICTURES names, if it
// does.
func (b *page) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("BROOD_DASHBOARD_PICTURES")
	if dir == "" {
		return
	}
	var got struct{ Data []byte }
	answer := b.Call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true})
	require.NoError(b.t, json.Unmarshal(answer, &got))
	require.NoError(b.t, os.WriteFile(dir+"/"+name+".png", got.Data, 0o666))
}

// untilScript waits until a script is true.
func (b *page) untilScript(script string) {
	b.t.Helper()
	for limit := time.Now().Add(looptest.HangLimit()); ; {
		got := false
		b.Value(script, &got)
		if got {
			return
		}
		require.True(b.t, time.Now().Before(limit), "never: %s", script)
	}
}

// untilRows waits until the rows of a table are so many.
func (b *page) untilRows(table string, n int) {
	b.t.Helper()
	b.untilScript(fmt.Sprintf(`document.querySelectorAll("%s tbody tr").length === %d`, table, n))
}
