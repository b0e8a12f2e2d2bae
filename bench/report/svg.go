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

// chartFont is the font in which text is measured. Its letters are as wide as Arial's.
var chartFont = font.Font{Typeface: "Liberation", Variant: "Sans"}

// textElement matches a text of a chart as the plotting library writes it.
var textElement = regexp.MustCompile(`(?s)<text ([^>]*font-family:)Liberation Sans;([^>]*font-size:([\d.]+)px[^>]*)>([^<]*)</text>`)

// withAnyFont gives each text a similar font, in the same width, for readers without the font in
// which it was measured. Otherwise text would be cut at the edges or lie on its neighbours.
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
