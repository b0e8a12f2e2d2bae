package main

import (
	"bytes"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/brood-go/brood/bench/samples"
)

// The sizes of a chart, which a page shows in about this size. Its height depends on its rows.
const (
	chartWidth = 8.85 * vg.Inch
	growthRows = 11
	rowHeight  = 0.4 * vg.Inch
	aroundRows = 0.9 * vg.Inch
	edge       = 6  // points around the chart
	markWidth  = 40 // points of a mark with its margins, beside a name
)

// chartTitle returns the title of a chart, which is also its text for readers who do not see it.
func chartTitle(chosen []samples.Latest) string {
	if l := growthOf(chosen); l != nil {
		return fmt.Sprintf("%s: time per %s by %s, both logarithmic", title(l.Scenario), l.Unit, l.GrowsWith)
	}
	return "× what brood takes, logarithmic: right of 1 is slower, or larger, than brood; a bar is the 95 % interval"
}

// growthOf returns the growth that a chart shows, nil if it shows none.
func growthOf(chosen []samples.Latest) *samples.Latest {
	if i := slices.IndexFunc(chosen, func(l samples.Latest) bool { return l.GrowsWith != "" }); i >= 0 {
		return &chosen[i]
	}
	return nil
}

// picture draws the chart of a block as SVG. It returns nil if there is nothing to compare.
func picture(chosen []samples.Latest, t theme) ([]byte, error) {
	if l := growthOf(chosen); l != nil {
		return t.render(growthRows, func(all draw.Canvas) error { return t.drawGrowth(all, l) })
	}
	rows := ratiosOf(chosen)
	if len(rows) == 0 {
		return nil, nil
	}
	return t.render(len(rows), func(all draw.Canvas) error { return t.drawRatios(all, rows) })
}

// render returns the SVG that fill draws, with room for that many rows.
func (t theme) render(rows int, fill func(draw.Canvas) error) ([]byte, error) {
	canvas := vgsvg.New(chartWidth, max(vg.Length(rows), 4)*rowHeight+aroundRows)
	if err := fill(draw.Crop(draw.New(canvas), edge, -edge, edge, -edge)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, err
	}
	return withAnyFont(out.Bytes()), nil
}

// plot returns an empty chart in the colours of the theme.
func (t theme) plot(title string) *plot.Plot {
	plot.DefaultFont = chartFont
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text, p.Title.TextStyle.Color, p.Title.Padding = title, t.ink, vg.Points(8)
	p.Title.TextStyle.Font.Size = vg.Points(10.5)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color, axis.Label.TextStyle.Color, axis.Tick.Label.Color = t.ink, t.ink, t.ink, t.ink
		axis.Tick.Label.Font.Size, axis.Label.TextStyle.Font.Size = vg.Points(9), vg.Points(9.5)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = t.grid, t.grid
	p.Add(grid)
	return p
}

// besideWidth returns the width that names need beside the plot.
func besideWidth(names []string, style draw.TextStyle) (width vg.Length) {
	for _, name := range names {
		width = max(width, style.Width(name))
	}
	return width + markWidth
}

// line returns a line from one point to another.
func line(from, to plotter.XY, colour color.Color, width vg.Length) *plotter.Line {
	return &plotter.Line{XYs: plotter.XYs{from, to}, LineStyle: draw.LineStyle{Color: colour, Width: width}}
}
