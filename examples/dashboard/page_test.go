package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/browser"
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
	browser.Need(t)
	s := serve(t, 2, 100)
	b := openPage(t, s.board.loop, s.url())
	b.UntilShows("#health", "healthy")
	first := amount(b.Until("#done", func(text string) bool { return amount(text) > 0 }))
	b.Until("#done", func(text string) bool { return amount(text) > first+20 })
	b.untilRows("#workers", 2)
	require.Regexp(t, regexp.MustCompile(`^1\s+\d+\s+1\s+●?(busy|idle)\s`), b.Text("#workers tbody tr"))
	b.UntilShows("#workers tbody", " was slow: ")
	for chart, keys := range map[string]string{
		"#throughput": `^Throughput\s+jobs/s [\d.]+`, "#queue": `^Jobs\s+waiting \d+\s+running \d`,
		"#ran": `^Time to run\s+p50 [\d.]+ ms\s+p99 [\d.]+ ms`, "#waited": `^Time waited\s+p50 [\d.]+ m?s\s+p99 [\d.]+ m?s`,
	} {
		b.Until(chart+" figcaption", regexp.MustCompile(keys).MatchString)
		length := 0.0
		b.Value(`document.querySelector("`+chart+` .curve").getTotalLength()`, &length)
		require.Positive(t, length, chart)
	}
	require.Equal(t, "None so far.", b.Text("#no-exits"))
	require.Empty(t, b.Complaints())
}

func TestTheButtonsDoWhatTheySay(t *testing.T) {
	browser.Need(t)
	s := serve(t, 2, 100)
	b := openPage(t, s.board.loop, s.url())
	b.untilRows("#workers", 2)
	s.ready(2)

	b.click(`#workers button[aria-label="kill worker 1"]`)
	b.UntilShows("#exits tbody", "crash")
	b.UntilShows("#exits tbody", "signal: SIGKILL")
	b.UntilShows(`#workers tr[data-key="3"]`, "3")
	b.untilRows("#workers", 2)

	b.click("#reload")
	b.UntilShows("#generation", "2")
	b.UntilShows("#exits tbody", "reload")
	b.untilRows("#exits", 3)
	b.untilRows("#workers", 2)
	require.Equal(t, "0", b.Text("#failed"))

	b.click("#more")
	b.untilRows("#workers", 3)
	b.UntilShows("#size", "3")
	b.click("#fewer")
	b.untilRows("#workers", 2)
	b.UntilShows("#exits tbody", "idle")

	b.click("#rate") // Its middle.
	b.UntilShows("#rate-now", "500 jobs/s")
	s.until("the load is set", func() bool { return s.board.load.rate == 500 })
	require.Empty(t, b.Text("#told"))
	require.Empty(t, b.Complaints())
}

// The browser opens a stream that is cut again by itself, and no sample is missing then.
func TestThePageOutlivesACutStream(t *testing.T) {
	browser.Need(t)
	s := serve(t, 1, 100)
	b := openPage(t, s.board.loop, s.url())
	b.UntilShows("#health", "healthy")
	var last int
	for range 3 {
		b.Value(`samples.at(-1)?.seq ?? 0`, &last)
		s.cut()
		b.untilScript(`(samples.at(-1)?.seq ?? 0) > ` + strconv.Itoa(last+5))
	}
	b.UntilShows("#health", "healthy")
	var complete bool
	b.Value(`samples.every((s, i) => i === 0 || s.seq === samples[i - 1].seq + 1)`, &complete)
	require.True(t, complete)
}

func TestThePageFitsNarrowAndWideInBothColours(t *testing.T) {
	browser.Need(t)
	s := serve(t, 4, 190)
	b := openPage(t, s.board.loop, s.url())
	b.untilRows("#workers", 4)
	s.ready(4)
	b.click(`#workers button[aria-label="kill worker 2"]`)
	b.UntilShows(`#workers tr[data-key="5"]`, "5")
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
			b.Value(`({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth, window: innerWidth,
				background: getComputedStyle(document.body).backgroundColor })`, &got)
			require.Equal(t, width, got.Window)
			require.LessOrEqual(t, got.Scroll, got.Client, "it scrolls sideways: %s", name)
			background[scheme] = got.Background
			b.picture(scheme + "-" + name)
		}
	}
	require.NotEqual(t, background["light"], background["dark"])
	require.Empty(t, b.Complaints())
}
