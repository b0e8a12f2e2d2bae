package main

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// theme is the colours of a chart. The background is that of the page.
type theme struct {
	name     string
	ink      color.Color // text and axes
	grid     color.Color
	contrast []color.Color // of the contestants
}

// themes has the colours of Okabe and Ito for contestants, which colour-blind readers can tell
// apart, made darker or lighter where they are hard to see on the page. Yellow, the eighth, is left
// out.
var themes = []theme{
	{
		"light", color.RGBA{0x1f, 0x23, 0x28, 0xff}, color.RGBA{0xd0, 0xd7, 0xde, 0xff},
		[]color.Color{
			color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x8a, 0x64, 0xff},
			color.RGBA{0xb8, 0x5c, 0x93, 0xff}, color.RGBA{0xb5, 0x7d, 0x00, 0xff}, color.RGBA{0x2f, 0x9d, 0xd6, 0xff}, color.RGBA{0x57, 0x60, 0x6a, 0xff},
		},
	},
	{
		"dark", color.RGBA{0xe6, 0xed, 0xf3, 0xff}, color.RGBA{0x30, 0x36, 0x3d, 0xff},
		[]color.Color{
			color.RGBA{0x3d, 0x9b, 0xd9, 0xff}, color.RGBA{0xf0, 0x7b, 0x2c, 0xff}, color.RGBA{0x1f, 0xb8, 0x8c, 0xff},
			color.RGBA{0xd9, 0x8f, 0xba, 0xff}, color.RGBA{0xe6, 0xa9, 0x1e, 0xff}, color.RGBA{0x7c, 0xc8, 0xf0, 0xff}, color.RGBA{0x9a, 0xa4, 0xae, 0xff},
		},
	},
}

// shapes has one more than there are colours, so that many contestants have a mark of their own.
var shapes = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{}, draw.PlusGlyph{},
}

// usual has the contestants that are in several charts, with the same mark in each. Those in
// growths have a colour each.
var usual = []string{"brood", "os/exec", "node", "bun", "deno", "libuv", "asyncio", "floor", "Rust std", "tokio", "execa"}

// glyph returns the mark of a contestant of a chart.
func (t theme) glyph(name string, contestants []string) draw.GlyphStyle {
	k := slices.Index(usual, name)
	if k < 0 {
		k = len(usual)
		for _, other := range contestants {
			if other == name {
				break
			}
			if !slices.Contains(usual, other) {
				k++
			}
		}
	}
	return draw.GlyphStyle{Color: t.contrast[k%len(t.contrast)], Radius: vg.Points(3.5), Shape: shapes[k%len(shapes)]}
}
