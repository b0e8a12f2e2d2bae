package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/brood-go/brood/bench/samples"
)

// drawGrowth draws a line for each series, with its name at the end. A power law is straight on
// these axes.
func (t theme) drawGrowth(all draw.Canvas, l *samples.Latest) error {
	p := t.plot(title(l.Scenario))
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = powers{count}, powers{l.Amount}
	p.X.Label.Text, p.Y.Label.Text = l.GrowsWith+", logarithmic", fmt.Sprintf("time per %s, logarithmic", l.Unit)
	growths := l.Growths()
	var names []string
	for _, g := range growths {
		names = append(names, g.Series)
	}
	for _, g := range growths {
		var points plotter.XYs
		for i, size := range g.Sizes {
			points = append(points, plotter.XY{X: size, Y: g.Costs[i]})
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		marks.GlyphStyle = t.glyph(g.Series, names)
		line.Color, line.Width = marks.GlyphStyle.Color, vg.Points(1.5)
		p.Add(line, marks)
	}
	if decade := p.Y.Min * 10; p.Y.Max < decade { // Otherwise noise would look like growth.
		middle := math.Sqrt(p.Y.Min * p.Y.Max)
		p.Y.Min, p.Y.Max = middle/math.Sqrt(10), middle*math.Sqrt(10)
	}
	plotted := draw.Crop(all, 0, -besideWidth(names, p.X.Tick.Label), 0, 0)
	p.Draw(plotted)
	inside := p.DataCanvas(plotted)
	t.nameLines(p, &inside, growths, names)
	return nil
}

// nameLines writes the name of each series at the end of its line, or beside the plot if another
// line goes on from there.
func (t theme) nameLines(p *plot.Plot, inside *draw.Canvas, growths []samples.Growth, names []string) {
	type label struct {
		name string
		at   vg.Point
	}
	style := p.X.Tick.Label
	style.Font.Size = vg.Points(9)
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	x, y := p.Transforms(inside)
	var labels []label
	for _, g := range growths {
		last := len(g.Costs) - 1
		labels = append(labels, label{g.Series, vg.Point{X: x(g.Sizes[last]) + vg.Points(7), Y: y(g.Costs[last])}})
	}
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(a.at.Y, b.at.Y) })
	const apart = vg.Length(11)
	for i := range labels {
		for _, below := range labels[:i] {
			// Names of lines that end at the same size go below each other.
			if labels[i].at.X == below.at.X {
				labels[i].at.Y = max(labels[i].at.Y, below.at.Y+apart)
			}
		}
		style.Color = t.glyph(labels[i].name, names).Color
		inside.FillText(style, labels[i].at, labels[i].name)
	}
}

// powers has a tick at each power of ten, and its text.
type powers struct{ text func(float64) string }

func (p powers) Ticks(low, high float64) (all []plot.Tick) {
	for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high*1.001; power *= 10 {
		if power >= low*0.999 {
			all = append(all, plot.Tick{Value: power, Label: p.text(power)})
		}
	}
	if len(all) < 2 {
		all = oneTwoFive{}.Ticks(low, high)
		for i := range all {
			all[i].Label = p.text(all[i].Value)
		}
	}
	return all
}
