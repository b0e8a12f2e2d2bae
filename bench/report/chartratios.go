package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/brood-go/brood/bench/samples"
)

// ratioRow is a row of a chart: the costs of others as multiples of brood's.
type ratioRow struct {
	title  string
	others []ratioMark
}

type ratioMark struct {
	name  string
	ratio samples.Ratio
}

// ratiosOf returns a row for each scenario that brood and another contestant did.
func ratiosOf(chosen []samples.Latest) (rows []ratioRow) {
	for _, l := range chosen {
		row := ratioRow{title: marked(l)}
		for _, i := range l.Present() {
			name := l.Contestants[i].Name
			if mine := comparedTo(l, name); mine >= 0 && !isBrood(name) {
				row.others = append(row.others, ratioMark{name, l.Ratio(i, mine)})
			}
		}
		if len(row.others) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// comparedTo returns the place of the contestant of brood with which another is compared: the one
// of the same kind, or else the first; -1 if there is none. The kind is the part of a name behind a
// comma, as in "os/exec, 1000 at once".
func comparedTo(l samples.Latest, other string) int {
	first := -1
	for _, i := range l.Present() {
		name := l.Contestants[i].Name
		switch {
		case !isBrood(name):
		case kind(name) == kind(other):
			return i
		case first < 0:
			first = i
		}
	}
	return first
}

func kind(name string) string {
	_, kind, _ := strings.Cut(name, ", ")
	return kind
}

func isBrood(name string) bool { return strings.HasPrefix(name, "brood") }

// rowSpread is the part of a row that the marks take, so that similar ones do not cover each other.
const rowSpread = 0.62

// drawRatios draws a mark for each other contestant, below each other in the order of the legend,
// and a line at brood.
func (t theme) drawRatios(all draw.Canvas, rows []ratioRow) error {
	p := t.plot(chartTitle(nil))
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, oneTwoFive{}
	var titles, names []string
	low, high := 1.0, 1.0
	for _, row := range slices.Backward(rows) { // The first row is the highest.
		titles = append(titles, row.title)
	}
	for _, row := range rows {
		for _, mark := range row.others {
			if !slices.Contains(names, mark.name) {
				names = append(names, mark.name)
			}
			low, high = min(low, mark.ratio.Low), max(high, mark.ratio.High)
		}
	}
	p.NominalY(titles...)
	p.X.Min, p.X.Max = low/1.15, high*1.15
	p.Y.Min, p.Y.Max = -0.5, float64(len(rows))-0.5
	for k := range len(rows) - 1 { // A line between two rows.
		between := float64(k) + 0.5
		p.Add(line(plotter.XY{X: p.X.Min, Y: between}, plotter.XY{X: p.X.Max, Y: between}, t.grid, vg.Points(1)))
	}
	p.Add(line(plotter.XY{X: 1, Y: p.Y.Min}, plotter.XY{X: 1, Y: p.Y.Max}, t.ink, vg.Points(1.5)))
	legend := plot.NewLegend()
	legend.TextStyle = p.Legend.TextStyle
	legend.TextStyle.Color, legend.TextStyle.Font.Size, legend.Padding = t.ink, vg.Points(9), vg.Points(3)
	legend.Top, legend.Left = true, true
	for _, name := range names {
		marks := &plotter.Scatter{GlyphStyle: t.glyph(name, names)}
		for k, row := range rows {
			place := slices.IndexFunc(row.others, func(m ratioMark) bool { return m.name == name })
			if place < 0 {
				continue
			}
			r := row.others[place].ratio
			y := float64(len(rows)-1-k) + rowSpread*(0.5-(float64(place)+0.5)/float64(len(row.others)))
			p.Add(line(plotter.XY{X: r.Low, Y: y}, plotter.XY{X: r.High, Y: y}, marks.GlyphStyle.Color, vg.Points(1)))
			marks.XYs = append(marks.XYs, plotter.XY{X: r.Mid, Y: y})
		}
		p.Add(marks)
		legend.Add(name, marks)
	}
	beside := besideWidth(names, legend.TextStyle)
	p.Draw(draw.Crop(all, 0, -beside, 0, 0))
	legend.Draw(draw.Crop(all, all.Size().X-beside+vg.Points(8), 0, 0, -vg.Points(24)))
	return nil
}

// oneTwoFive has ticks at 1, 2 and 5 times each power of ten, or more ticks if these are too few.
type oneTwoFive struct{}

func (oneTwoFive) Ticks(low, high float64) (all []plot.Tick) {
	for _, steps := range [][]float64{{1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 6, 8}, {1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 3, 4, 5, 6, 7, 8, 9}} {
		all = nil
		for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
			for _, k := range steps {
				if v := k * power; v >= low && v <= high {
					all = append(all, plot.Tick{Value: v, Label: fmt.Sprintf("%g", math.Round(v*1e6)/1e6)})
				}
			}
		}
		if len(all) >= fewestTicks {
			break
		}
	}
	return all
}

// fewestTicks is the number of ticks that show that an axis is logarithmic.
const fewestTicks = 4
