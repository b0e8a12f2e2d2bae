package nodejson_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/brood-go/brood/internal/nodejson"
)

// The short ways of most numbers and times, compared with the standard library.

const shortSeed = 20261130

func TestDecimalsAreWrittenWithTheShortestDigits(t *testing.T) {
	random := rand.New(rand.NewPCG(shortSeed, 1))
	values := []float64{
		0.1, 0.5, 12.25, 1e-6, 9.99e-7, 1.5e-6, 0.000001, 0.0000015, 999999999.5, 999999999.999999, 1e9 + 0.5, 0.3, 0.1 + 0.2, 1.0 / 3,
		math.Nextafter(0.5, 1), math.Nextafter(12.25, 0), 123456789.123456, 4503599627.370496,
	}
	for range 20_000 {
		scale := math.Pow10(random.IntN(12))
		decimal := math.Round(random.Float64()*1e9) / scale
		values = append(values, decimal, math.Nextafter(decimal, 0), math.Nextafter(decimal, math.Inf(1)), random.Float64()*scale)
	}
	for _, f := range values {
		for _, f := range []float64{f, -f} {
			want, err := json.Marshal(f)
			require.NoError(t, err)
			got, err := nodejson.Append(nil, f)
			require.NoError(t, err)
			if string(want) != string(got) && f != 0 {
				require.Equal(t, string(want), string(got))
			}
		}
	}
}

// Decimals, and those in the middle between two float32, where rounding twice is wrong.
func TestAFloat32IsRoundedOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(shortSeed, 2))
	for range 50_000 {
		low := math.Float32frombits(random.Uint32())
		middle := (float64(low) + float64(math.Nextafter32(low, 2*low))) / 2
		for _, text := range []string{
			strconv.FormatFloat(middle, 'f', random.IntN(16), 64), strconv.FormatFloat(middle, 'g', -1, 64),
			strconv.FormatFloat(float64(low), 'f', random.IntN(10), 32), fmt.Sprintf("%d.%0*d", random.IntN(1<<20), 1+random.IntN(9), random.IntN(1e9)),
		} {
			var got, want float32
			wrong := json.Unmarshal([]byte(text), &want)
			if err := nodejson.Decode([]byte(text), &got); (err == nil) != (wrong == nil) || wrong == nil && math.Float32bits(got) != math.Float32bits(want) {
				require.Equal(t, want, got, "%s: %v, %v", text, err, wrong)
			}
		}
	}
}

func TestTimesAreReadAsByTheirMethod(t *testing.T) {
	for _, text := range []string{
		"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.6Z", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.1234567891Z",
		"2026-01-02T03:04:05.Z", "2026-01-02T03:04:05,678Z", "2026-01-02T03:04:05.000Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
		"2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-12-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-28T24:00:00Z", "2026-01-28T23:60:00Z", "2026-01-28T23:59:60Z", "2026-01-28t23:59:59Z",
		"2026-01-28T23:59:59z", "2026-01-28 23:59:59Z", "2026-01-28T23:59:59+01:00", "2026-01-28T23:59:59-00:00", "2026-01-28T23:59:59", "2026-01-28T23:59Z",
		"202x-01-28T23:59:59Z", "2026-0:-28T23:59:59Z", "2026-01-2/T23:59:59Z", "2026-01-28T23:59:5 Z", "2026-01-28T23:59:59.67/Z", "-026-01-28T23:59:59Z", "", "Z",
		"2026-01-28T23:59:59ZZ", "12026-01-28T23:59:59Z",
	} {
		requireTimeAsByMethod(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), 0, 11, -1)
		requireTimeAsByMethod(t, rapid.StringMatching(`[0-2]\d{3}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d`).Draw(t, "time")+
			rapid.SampledFrom([]string{"", ".", "."}).Draw(t, "point")+digits.Draw(t, "fraction")+
			rapid.SampledFrom([]string{"Z", "Z", "Z", "z", "+01:30", ""}).Draw(t, "zone"))
	})
}

type failer interface {
	require.TestingT
	Helper()
}

func requireTimeAsByMethod(t failer, text string) {
	t.Helper()
	p, err := json.Marshal(text)
	require.NoError(t, err)
	var got, want time.Time
	wrong := want.UnmarshalText([]byte(text))
	err = nodejson.Decode(p, &got)
	require.Equal(t, wrong == nil, err == nil, "%s: %v, %v", text, err, wrong)
	if wrong == nil {
		require.Equal(t, want, got, text)
	}
}

func TestTimesAreWrittenAsByTheirMethod(t *testing.T) {
	zone := time.FixedZone("", 90*60)
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-63e9, 254e9).Draw(t, "second"), rapid.OneOf(
			rapid.Int64Range(0, 999_999_999), rapid.SampledFrom([]int64{0, 1, 10, 100_000_000, 678_000_000}),
		).Draw(t, "nanosecond"))
		for _, at := range []time.Time{at.UTC(), at.In(zone), at.Local(), {}} {
			want, wrong := at.MarshalText()
			got, err := nodejson.Append(nil, &at)
			require.Equal(t, wrong == nil, err == nil, "%v: %v, %v", at, err, wrong)
			if wrong == nil {
				require.Equal(t, `"`+string(want)+`"`, string(got))
			}
		}
	})
}

// Integers of each size, at the ends of their range and one beyond.
func TestIntegersOfEverySizeHoldWhatFits(t *testing.T) {
	type sizes struct {
		A int8   `json:",omitempty"`
		B int16  `json:",omitempty"`
		C int32  `json:",omitempty"`
		D int64  `json:",omitempty"`
		E uint8  `json:",omitempty"`
		F uint16 `json:",omitempty"`
		G uint32 `json:",omitempty"`
		H uint64 `json:",omitempty"`
		I bool   `json:",omitempty"`
		J []int  `json:",omitempty"`
		K *int   `json:",omitempty"`
	}
	for _, name := range "ABCDEFGH" {
		for bits := range 65 {
			for _, text := range []string{"%[2]d", "-%[2]d", "%[3]d", "-%[3]d", "%[4]d"} {
				high := uint64(1) << bits
				p := fmt.Appendf(nil, `{"%[1]c":`+text+`}`, name, high, high-1, high+1)
				var got, want sizes
				wrong, err := json.Unmarshal(p, &want), nodejson.Decode(p, &got)
				require.Equal(t, wrong == nil, err == nil, "%s: %v, %v", p, err, wrong)
				if wrong == nil {
					require.Equal(t, want, got, "%s", p)
					// by value, which has no place of its own
					again, err := nodejson.Append(nil, got)
					require.NoError(t, err)
					byLibrary, err := json.Marshal(want)
					require.NoError(t, err)
					require.Equal(t, string(byLibrary), string(again))
				}
			}
		}
	}
}
