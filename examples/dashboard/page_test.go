package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// amount is the number that a text begins with.
func amount(text string) int {
	n, err := strconv.Atoi(strings.ReplaceAll(text, ",", ""))
	if err != nil {
		return -1
	}
	return n
}

func TestThePageShowsLiveNumbers(t *testing.T) {
	chromium(t)
	s := serve(t, 2, 100)
	b := startBrowser(t, s.board.loop, s.url())
	b.untilShows("#health", "healthy")
	first := amount(b.until("#done", func(text string) bool { return amount(text) > 0 }))
	b.until("#done", func(text string) bool { return amount(text) > first+20 })
	b.untilRows("#workers", 2)
	require.Regexp(t, regexp.MustCompile(`^1\s+\d+\s+1\s+●?(busy|idle)\s`), b.text("#workers tbody tr"))
	b.untilShows("#workers tbody", " was slow: ")
	for chart, keys := range map[string]string{
		"#throughput": `^Throughput\s+jobs/s [\d.]+`, "#queue": `^Jobs\s+waiting \d+\s+running \d`,
		"#ran": `^Time to run\s+p50 [\d.]+ ms\s+p99 [\d.]+ ms`, "#waited": `^Time waited\s+p50 [\d.]+ m?s\s+p99 [\d.]+ m?s`,
	} {
		b.until(chart+" figcaption", regexp.MustCompile(keys).MatchString)
		length := 0.0
		b.value(`document.querySelector("`+chart+` .curve").getTotalLength()`, &length)
		require.Positive(t, length, chart)
	}
	require.Equal(t, "None so far.", b.text("#no-exits"))
	require.Empty(t, b.complaints)
}

func TestTheButtonsDoWhatTheySay(t *testing.T) {
	chromium(t)
	s := serve(t, 2, 100)
	b := startBrowser(t, s.board.loop, s.url())
	b.untilRows("#workers", 2)
	s.ready(2)

	b.click(`#workers button[aria-label="kill worker 1"]`)
	b.untilShows("#exits tbody", "crash")
	b.untilShows("#exits tbody", "signal: SIGKILL")
	b.untilShows(`#workers tr[data-key="3"]`, "3")
	b.untilRows("#workers", 2)

	b.click("#reload")
	b.untilShows("#generation", "2")
	b.untilShows("#exits tbody", "reload")
	b.untilRows("#exits", 3)
	b.untilRows("#workers", 2)
	require.Equal(t, "0", b.text("#failed"))

	b.click("#more")
	b.untilRows("#workers", 3)
	b.untilShows("#size", "3")
	b.click("#fewer")
	b.untilRows("#workers", 2)
	b.untilShows("#exits tbody", "idle")

	b.click("#rate") // Its middle.
	b.untilShows("#rate-now", "500 jobs/s")
	s.until("the load is set", func() bool { return s.board.load.rate == 500 })
	require.Empty(t, b.text("#told"))
	require.Empty(t, b.complaints)
}

// The browser opens a stream that is cut again by itself, and no sample is missing then.
func TestThePageOutlivesACutStream(t *testing.T) {
	chromium(t)
	s := serve(t, 1, 100)
	b := startBrowser(t, s.board.loop, s.url())
	b.untilShows("#health", "healthy")
	var last int
	for range 3 {
		b.value(`samples.at(-1)?.seq ?? 0`, &last)
		s.cut()
		b.untilScript(`(samples.at(-1)?.seq ?? 0) > ` + strconv.Itoa(last+5))
	}
	b.untilShows("#health", "healthy")
	var complete bool
	b.value(`samples.every((s, i) => i === 0 || s.seq === samples[i - 1].seq + 1)`, &complete)
	require.True(t, complete)
}

func TestThePageFitsNarrowAndWideInBothColours(t *testing.T) {
	chromium(t)
	s := serve(t, 4, 190)
	b := startBrowser(t, s.board.loop, s.url())
	b.untilRows("#workers", 4)
	s.ready(4)
	b.click(`#workers button[aria-label="kill worker 2"]`)
	b.untilShows(`#workers tr[data-key="5"]`, "5")
	b.untilRows("#exits", 1)
	b.click("#reload")
	b.untilRows("#exits", 5)
	s.until("there is much to see", func() bool { return len(s.board.samples) >= 60 })
	background := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		for name, width := range map[string]int{"wide": 1280, "narrow": 360} {
			b.look(width, 900, scheme)
			var got struct {
				Scroll, Client, Window int
				Background             string
			}
			b.value(`({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth, window: innerWidth,
				background: getComputedStyle(document.body).backgroundColor })`, &got)
			require.Equal(t, width, got.Window)
			require.LessOrEqual(t, got.Scroll, got.Client, "it scrolls sideways: %s", name)
			background[scheme] = got.Background
			b.picture(scheme + "-" + name)
		}
	}
	require.NotEqual(t, background["light"], background["dark"])
	require.Empty(t, b.complaints)
}
