package cli

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hebb/nets/data"
)

func newDataShowCmd() *cobra.Command {
	var r showRun
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Draw a few examples of each class",
		Long: `show draws a contact sheet: a row for each class with a few of its examples, each followed by the same example as
training would see it where --crop, --flip or --cutout change it at random. What is cut out is grey: it is the mean.`,
		Example: `  hebb data show fashion-mnist --out clothes.png
  hebb data show cifar10 --examples 4 --crop 4 --flip --cutout 16`,
		Args: oneSet,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(cmd.Context(), args[0], cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.out, "out", "", "the `FILE` to write, .png (default NAME.png)")
	f.IntVar(&r.examples, "examples", 10, "how many of each class")
	f.Var(oneOf(&r.part, "train", "train", "test"), "part", "of the data")
	addReading(f, &r.reading.Layout, &r.reading.Resize, &r.reading.Alpha, &r.reading.CropCentre, &r.reading.Canvas)
	f.IntVar(&r.Pad, "crop", 0, "random crops, after padding by so many pixels")
	f.BoolVar(&r.Flip, "flip", false, "mirror left and right at random")
	f.IntVar(&r.Cutout, "cutout", 0, "side of a square cut out at random")
	f.Uint64Var(&r.seed, "seed", 1, "of what is random")
	return cmd
}

// A showRun is one run of hebb data show, as asked for.
type showRun struct {
	data.Augment
	reading  data.Options
	out      string
	examples int
	part     string
	seed     uint64
}

func (r *showRun) run(ctx context.Context, name string, stdout io.Writer) error {
	if r.examples < 1 {
		return usagef("--examples %d, want at least 1", r.examples)
	}
	if err := r.reading.Check(); err != nil {
		return usageError{err}
	}
	if err := refusePadding(name, "hebb data show draws images, and hebb data info says what these are"); err != nil {
		return err
	}
	if r.out == "" {
		base := filepath.Base(filepath.Clean(name))
		r.out = strings.TrimSuffix(base, filepath.Ext(base)) + ".png"
	}
	if strings.ToLower(filepath.Ext(r.out)) != ".png" {
		return usagef("--out %s, want a name that ends in .png", r.out)
	}
	f, err := newOutFile(r.out)
	if err != nil {
		return err
	}
	defer f.drop()
	s, err := data.Load(name, r.reading)
	if err != nil {
		return err
	}
	m, err := r.draw(ctx, s, name)
	if err != nil {
		return err
	}
	if err := f.write(func(w io.Writer) error { return png.Encode(w, m) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "wrote     %s: %d classes from the top: %s\n", r.out, s.Classes, strings.Join(namesOf(s), ", "))
	return err
}

func namesOf(s *data.Set) (names []string) {
	for c := range s.Classes {
		names = append(names, className(s, c))
	}
	return names
}

// draw draws the sheet.
func (r *showRun) draw(ctx context.Context, s *data.Set, name string) (image.Image, error) {
	part := s.Train
	if r.part == "test" {
		part = s.Test
	}
	switch {
	case part == nil:
		return nil, usagef("%s has no test part", name)
	case s.Height == 1 && s.Width == 1, s.Channels != 1 && s.Channels != 3:
		return nil, usagef("%s has examples of %d×%d×%d, want images of 1 or 3 channels", name, s.Height, s.Width, s.Channels)
	}
	views := []data.Augment{{}}
	if r.Augment != (data.Augment{}) {
		views = append(views, r.Augment)
	}
	few := firstOf(s, part, r.examples)
	sheet, err := newContactSheet(s, r.examples, len(views))
	if err != nil {
		return nil, err
	}
	for k, a := range views {
		b, err := batchOf(ctx, s, few, data.LoaderOptions{Seed: r.seed, Augment: a, Normalise: sheet.scale})
		if err != nil {
			return nil, err
		}
		sheet.add(b, k)
	}
	return sheet, nil
}

// batchOf is all of a part in one batch.
func batchOf(ctx context.Context, s *data.Set, part *data.Split, o data.LoaderOptions) (*data.Batch, error) {
	o.Batch, o.Epochs, o.Workers, o.Ahead = part.N(), 1, 1, 1
	l, err := data.NewLoader(s, part, o)
	if err != nil {
		return nil, usageError{err}
	}
	defer l.Close()
	return l.Next(ctx) // its memory is not used again
}

// firstOf is the first n examples of each class.
func firstOf(s *data.Set, part *data.Split, n int) *data.Split {
	few, count, d := new(data.Split), make([]int, s.Classes), s.Values()
	for i, l := range part.Labels {
		if count[l]++; count[l] > n {
			continue
		}
		few.Labels = append(few.Labels, l)
		if part.Pixels != nil {
			few.Pixels = append(few.Pixels, part.Pixels[i*d:][:d]...)
		} else {
			few.Floats = append(few.Floats, part.Floats[i*d:][:d]...)
		}
	}
	return few
}

// A contactSheet has a row for each class, and in it some views of each example beside each other.
type contactSheet struct {
	*image.RGBA
	set    *data.Set
	scale  data.Normalise
	views  int
	zoom   int
	gap    int
	lo, hi float64 // the values that are black and white
}

const (
	sheetWidth  = 1000 // about, where that is possible
	sheetHeight = 2000
	mostPixels  = 64 << 20
)

func newContactSheet(s *data.Set, examples, views int) (*contactSheet, error) {
	across := examples * views
	c := &contactSheet{set: s, scale: s.Measure(), views: views, lo: math.Inf(1), hi: math.Inf(-1)}
	c.zoom = max(1, min(sheetWidth/(across*(s.Width+1)), sheetHeight/(s.Classes*(s.Height+1))))
	c.gap = max(2, c.zoom)
	w, h := c.corner(0, examples, 0).X, c.corner(s.Classes, 0, 0).Y
	if w*h > mostPixels {
		return nil, usagef("a sheet of %d×%d pixels, want at most %d: fewer --examples", h, w, mostPixels)
	}
	c.RGBA = image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(c, c.Bounds(), image.NewUniform(color.RGBA{0x2b, 0x4c, 0x7e, 0xff}), image.Point{}, draw.Src)
	return c, nil
}

// corner is where view k of an example is drawn; examples are further apart than their views.
func (c *contactSheet) corner(row, example, view int) image.Point {
	width, height := c.set.Width*c.zoom, c.set.Height*c.zoom
	apart := c.gap
	if c.views > 1 {
		apart = 3 * c.gap
	}
	each := c.views*width + (c.views-1)*c.gap + apart
	return image.Pt(c.gap+example*each+view*(width+c.gap), c.gap+row*(height+c.gap))
}

// add draws one view of all examples. The first says what is black and what is white, unless bytes do.
func (c *contactSheet) add(b *data.Batch, view int) {
	d := c.set.Values()
	value := func(i int) float64 {
		ch := i % c.set.Channels
		return float64(b.X[i])*float64(c.scale.SD[ch]) + float64(c.scale.Mean[ch])
	}
	switch {
	case c.set.Train.Pixels != nil:
		c.lo, c.hi = 0, 1
	case view == 0:
		for i := range b.X {
			c.lo, c.hi = min(c.lo, value(i)), max(c.hi, value(i))
		}
	}
	grey := func(i int) uint8 {
		return uint8(math.Round(255 * max(0, min(1, (value(i)-c.lo)/max(c.hi-c.lo, 1e-30)))))
	}
	columns := make([]int, c.set.Classes)
	for i, label := range b.Y {
		row := int(label)
		at := c.corner(row, columns[row], view)
		columns[row]++
		for p := range c.set.Height * c.set.Width {
			first := i*d + p*c.set.Channels
			last := first + c.set.Channels - 1
			colour := color.RGBA{grey(first), grey((first + last) / 2), grey(last), 255}
			corner := at.Add(image.Pt(p%c.set.Width*c.zoom, p/c.set.Width*c.zoom))
			pixel := image.Rectangle{corner, corner.Add(image.Pt(c.zoom, c.zoom))}
			draw.Draw(c, pixel, image.NewUniform(colour), image.Point{}, draw.Src)
		}
	}
}
