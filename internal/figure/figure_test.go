package figure

import (
	"bytes"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"hebb/internal/must"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A figure has its size and its drawing, in both formats, and a white background in PNG alone.
func TestFigure(t *testing.T) {
	p := plot.New()
	p.Title.Text, p.BackgroundColor = "a title", color.Transparent
	Sans(p, 14, 0, 9)
	f := Figure{2 * vg.Inch, vg.Inch, func(c draw.Canvas) { p.Draw(c) }}
	var svg, bitmap bytes.Buffer
	must.Do(t, f.SVG(&svg))
	for _, want := range []string{`width="144pt" height="72pt"`, "a title", "Liberation Sans", "font-size:14px"} {
		if !strings.Contains(svg.String(), want) {
			t.Errorf("no %q in\n%s", want, svg.String())
		}
	}
	must.Do(t, f.PNG(&bitmap))
	img := must.Get(png.Decode(&bitmap))(t)
	if s := img.Bounds().Size(); s.X != 240 || s.Y != 120 || color.GrayModel.Convert(img.At(0, 0)) != (color.Gray{0xff}) {
		t.Errorf("%v pixels, the first is %v", s, img.At(0, 0))
	}
}
