package main

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strconv"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// chartFont is what text is measured in. Its letters are as wide as Arial's.
var chartFont = font.Font{Typeface: "Liberation", Variant: "Sans"}

// textElement is a text of a chart as the plotting library writes it.
var textElement = regexp.MustCompile(`(?s)<text ([^>]*font-family:)Liberation Sans;([^>]*font-size:([\d.]+)px[^>]*)>([^<]*)</text>`)

// withAnyFont has a reader without the font in which the text was measured see it in a similar one,
// and in the same room: or it would be cut at the edges, and lie on what is beside it.
func withAnyFont(svg []byte) []byte {
	return textElement.ReplaceAllFunc(svg, func(element []byte) []byte {
		m := textElement.FindSubmatch(element)
		size, err := strconv.ParseFloat(string(m[3]), 64)
		if err != nil {
			return element
		}
		face := font.DefaultCache.Lookup(chartFont, vg.Points(size))
		width := face.Width(html.UnescapeString(string(m[4])))
		var out bytes.Buffer
		fmt.Fprintf(&out, `<text textLength="%.1f" lengthAdjust="spacingAndGlyphs" %sLiberation Sans,Arial,Helvetica,sans-serif;%s>%s</text>`,
			width.Points(), m[1], m[2], m[4])
		return out.Bytes()
	})
}
