package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/brood-go/brood/bench/samples"
)

// theme is the colours of a chart. The background is the page's.
type theme struct {
	name     string
	ink      color.Color // text and axes
	grid     color.Color
	contrast []color.Color // of the contestants
}

var themes = []theme{
	{
		"light", color.RGBA{0x1f, 0x23, 0x28, 0xff}, color.RGBA{0xd0, 0xd7, 0xde, 0xff},
		[]color.Color{
			color.RGBA{0x09, 0x69, 0xda, 0xff}, color.RGBA{0xcf, 0x22, 0x2e, 0xff}, color.RGBA{0x1a, 0x7f, 0x37, 0xff},
			color.RGBA{0x82, 0x50, 0xdf, 0xff}, color.RGBA{0xbc, 0x4c, 0x00, 0xff}, color.RGBA{0x6e, 0x77, 0x81, 0xff},
		},
	},
	{
		"dark", color.RGBA{0xe6, 0xed, 0xf3, 0xff}, color.RGBA{0x30, 0x36, 0x3d, 0xff},
		[]color.Color{
			color.RGBA{0x58, 0xa6, 0xff, 0xff}, color.RGBA{0xff, 0x7b, 0x72, 0xff}, color.RGBA{0x3f, 0xb9, 0x50, 0xff},
			color.RGBA{0xd2, 0xa8, 0xff, 0xff}, color.RGBA{0xf0, 0x88, 0x3e, 0xff}, color.RGBA{0x8b, 0x94, 0x9e, 0xff},
		},
	},
}

// shapes tell contestants apart that share a colour.
var shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.PyramidGlyph{}, draw.CrossGlyph{}, draw.RingGlyph{}}

// glyph is the mark of the k-th contestant of a chart.
func (t theme) glyph(k int) draw.GlyphStyle {
	return draw.GlyphStyle{
		Color: t.contrast[k%len(t.contrast)], Radius: vg.Points(4), Shape: shapes[k/len(t.contrast)%len(shapes)],
	}
}

// The measures of a chart. A chart is as high as its rows need.
const (
	chartWidth  = 9 * vg.Inch
	legendWidth = 1.9 * vg.Inch
	growthRows  = 11
	rowHeight   = 0.32 * vg.Inch
	aroundRows  = 0.9 * vg.Inch
)

// chartTitle says what a chart shows, for those who see it and those who do not.
func chartTitle(chosen []samples.Latest) string {
	if l := growthOf(chosen); l != nil {
		return fmt.Sprintf("%s: time per %s by the number of %s", title(l.Scenario), l.Unit, l.GrowsWith)
	}
	return "Times as long as brood takes, which is the line at 1: what is right of it takes longer"
}

// growthOf is the growth that a chart shows, nil if it shows none.
func growthOf(chosen []samples.Latest) *samples.Latest {
	if i := slices.IndexFunc(chosen, func(l samples.Latest) bool { return l.GrowsWith != "" }); i >= 0 {
		return &chosen[i]
	}
	return nil
}

// chosenChart draws the chart of a block as SVG; nil: there is nothing that could be compared.
func chosenChart(chosen []samples.Latest, t theme) ([]byte, error) {
	p := t.plot(chartTitle(chosen))
	legend := plot.NewLegend()
	legend.TextStyle, legend.Padding = p.Legend.TextStyle, vg.Points(3)
	rows, err := growthRows, error(nil)
	if l := growthOf(chosen); l != nil {
		err = t.growth(p, &legend, l)
	} else {
		rows, err = t.ratios(p, &legend, chosen)
	}
	if err != nil || rows == 0 {
		return nil, err
	}
	height := vg.Length(rows)*rowHeight + aroundRows
	height = max(height, vg.Length(growthRows)*rowHeight)
	canvas := vgsvg.New(chartWidth, height)
	all := draw.New(canvas)
	p.Draw(draw.Crop(all, 0, -legendWidth, 0, 0))
	legend.Top, legend.Left = true, true
	legend.Draw(draw.Crop(all, chartWidth-legendWidth+vg.Points(8), 0, 0, -vg.Points(24)))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, err
	}
	return withFallbackFont(out.Bytes()), nil
}

// withFallbackFont has a reader without the font in which the text was measured see it in a similar one.
func withFallbackFont(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
}

// plot is an empty chart in the colours of the theme.
func (t theme) plot(title string) *plot.Plot {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.Title.Text, p.Title.TextStyle.Color, p.Title.Padding = title, t.ink, vg.Points(8)
	p.Title.TextStyle.Font.Size = vg.Points(11)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color, axis.Label.TextStyle.Color, axis.Tick.Label.Color = t.ink, t.ink, t.ink, t.ink
		axis.Tick.Label.Font.Size = vg.Points(9)
	}
	p.Legend.TextStyle.Color = t.ink
	p.Legend.TextStyle.Font.Size = vg.Points(9)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = t.grid, t.grid
	p.Add(grid)
	return p
}

// ratios has a row for each scenario that brood and another did, with a mark for each of the others.
func (t theme) ratios(p *plot.Plot, legend *plot.Legend, chosen []samples.Latest) (rows int, err error) {
	var names, contestants []string
	points := map[string]plotter.XYs{}
	for _, l := range slices.Backward(chosen) { // The first row is the highest.
		mine := slices.IndexFunc(l.Contestants, func(c samples.Contestant) bool {
			return strings.HasPrefix(c.Name, "brood") && c.Measured()
		})
		others := slices.DeleteFunc(l.Present(), func(i int) bool { return strings.HasPrefix(l.Contestants[i].Name, "brood") })
		if mine < 0 || len(others) == 0 {
			continue
		}
		for _, i := range others {
			_, mid, _ := l.Ratio(i, mine)
			name := l.Contestants[i].Name
			points[name] = append(points[name], plotter.XY{X: mid, Y: float64(len(names))})
		}
		names = append(names, title(l.Scenario))
	}
	for _, l := range chosen { // In the order in which the tables have them.
		for _, c := range l.Contestants {
			if len(points[c.Name]) > 0 && !slices.Contains(contestants, c.Name) {
				contestants = append(contestants, c.Name)
			}
		}
	}
	if len(names) == 0 {
		return 0, nil
	}
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, oneTwoFive{}
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.5, float64(len(names))-0.5
	low, high := 1.0, 1.0
	for k, name := range contestants {
		s, err := plotter.NewScatter(points[name])
		if err != nil {
			return 0, err
		}
		s.GlyphStyle = t.glyph(k)
		p.Add(s)
		legend.Add(name, s)
		for _, xy := range points[name] {
			low, high = min(low, xy.X), max(high, xy.X)
		}
	}
	p.X.Min, p.X.Max = low/1.25, high*1.25
	one, err := plotter.NewLine(plotter.XYs{{X: 1, Y: p.Y.Min}, {X: 1, Y: p.Y.Max}})
	if err != nil {
		return 0, err
	}
	one.Color, one.Width = t.ink, vg.Points(1.5)
	p.Add(one)
	return len(names), nil
}

// growth has a line for each series, on axes that make a power law a straight one.
func (t theme) growth(p *plot.Plot, legend *plot.Legend, l *samples.Latest) error {
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = powers{count}, powers{l.Amount}
	p.X.Label.Text = l.GrowsWith
	for k, g := range l.Growths() {
		var points plotter.XYs
		for i, size := range g.Sizes {
			points = append(points, plotter.XY{X: size, Y: g.Costs[i]})
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		marks.GlyphStyle = t.glyph(k)
		line.Color = marks.GlyphStyle.Color
		p.Add(line, marks)
		legend.Add(g.Series, line, marks)
	}
	return nil
}

// oneTwoFive has ticks at 1, 2 and 5 times each power of ten.
type oneTwoFive struct{}

func (oneTwoFive) Ticks(low, high float64) (all []plot.Tick) {
	for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
		for _, k := range []float64{1, 2, 5} {
			if v := k * power; v >= low && v <= high {
				all = append(all, plot.Tick{Value: v, Label: fmt.Sprintf("%g", math.Round(v*1e6)/1e6)})
			}
		}
	}
	return all
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
		return oneTwoFive{}.labelled(low, high, p.text)
	}
	return all
}

func (o oneTwoFive) labelled(low, high float64, text func(float64) string) []plot.Tick {
	all := o.Ticks(low, high)
	for i := range all {
		all[i].Label = text(all[i].Value)
	}
	return all
}
