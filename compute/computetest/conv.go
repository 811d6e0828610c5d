package computetest

import (
	"fmt"

	"hebb/compute"
)

// A view is the geometry of a convolution and its number of units.
type view struct {
	compute.Patches
	units int
}

func (v view) x() []int { return []int{v.N, v.H, v.W, v.C} }
func (v view) y() []int { return []int{v.N, v.P, v.Q, v.units} }
func (v view) w() []int { return []int{v.units, v.R, v.S, v.C} }

func (v view) String() string {
	return fmt.Sprintf("%d of %d×%d×%d under %d of %d×%d stride %d pad %d",
		v.N, v.H, v.W, v.C, v.units, v.R, v.S, v.Stride, v.Pad)
}

// looking returns the view of windows r×s on n images of h×w×ch.
func looking(n, h, w, ch, units, r, s, stride, pad int) view {
	v := view{compute.Patches{N: n, H: h, W: w, C: ch, R: r, S: s, Slide: compute.Slide{Stride: stride, Pad: pad}}, units}
	v.P, v.Q = v.Places(h, r), v.Places(w, s)
	return v
}

// views calls f with the geometries on which all ops on patches are tested.
func (c *chooser) views(quick, full int, f func(v view)) {
	for range c.count(quick, full) {
		f(c.view())
	}
	// The layers of residual networks, small: stem, body, halving body, shortcut, with tiles left full and not.
	for _, v := range []view{
		looking(2, 9, 9, 3, 16, 3, 3, 1, 1),
		looking(1, 12, 12, 8, 32, 3, 3, 1, 1),
		looking(2, 8, 8, 16, 33, 3, 3, 2, 1),
		looking(2, 8, 8, 16, 32, 1, 1, 2, 0),
		looking(3, 7, 5, 12, 65, 1, 1, 1, 0),
		looking(1, 13, 13, 3, 5, 7, 7, 2, 3),
		looking(1, 2, 3, 4, 4, 5, 5, 1, 2), // a window larger than the image
		looking(1, 1, 1, 1, 1, 3, 3, 1, 1),
		looking(1, 3, 3, 2, 3, 3, 3, 3, 3),   // positions with nothing but the border under the window
		looking(1, 11, 4, 5, 7, 2, 2, 3, 0),  // pixels outside all windows
		looking(2, 33, 33, 1, 2, 3, 3, 1, 1), // more positions than a group of threads takes
	} {
		f(v)
	}
	if c.level == Full {
		for _, v := range []view{
			looking(4, 32, 32, 3, 64, 3, 3, 1, 1),
			looking(2, 16, 16, 64, 65, 3, 3, 1, 1),
			looking(2, 16, 16, 32, 64, 3, 3, 2, 1),
			looking(3, 4, 4, 128, 129, 3, 3, 1, 1),
			looking(1, 30, 31, 3, 17, 7, 7, 2, 3),
			looking(1, 8, 8, 300, 3, 1, 1, 1, 0),
			looking(300, 2, 2, 3, 4, 2, 2, 1, 1),
			looking(1, 1, 2003, 4, 5, 1, 3, 1, 1),
		} {
			f(v)
		}
	}
}

// narrowViews returns the geometries on which convolutions of half precision are tested, two of each: with channels a
// multiple of four, of a slice of terms, and odd; a stride; a window of one pixel.
func narrowViews() (all []view) {
	for _, v := range []view{
		looking(2, 8, 8, 16, 33, 3, 3, 1, 1),
		looking(1, 8, 8, 32, 32, 3, 3, 1, 1),
		looking(2, 7, 9, 12, 20, 3, 3, 2, 1),
		looking(1, 6, 5, 3, 5, 5, 3, 1, 2),
		looking(3, 4, 5, 12, 36, 1, 1, 1, 0),
	} {
		all = append(all, v, v)
	}
	return all
}

// view returns a random geometry small enough for a quick case.
func (c *chooser) view() view {
	for {
		win := pick(c, [2]int{1, 1}, [2]int{3, 3}, [2]int{3, 3}, [2]int{5, 5}, [2]int{7, 7}, [2]int{1, 3}, [2]int{3, 1}, [2]int{2, 2}, [2]int{4, 3})
		side := func() int { return pick(c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17) }
		v := looking(pick(c, 1, 1, 2, 3, 5), side(), side(), pick(c, 1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 32),
			pick(c, 1, 2, 3, 4, 5, 8, 15, 16, 17, 32, 33, 64, 65), win[0], win[1],
			pick(c, 1, 1, 2, 3), c.rnd.IntN(max(win[0], win[1])+1))
		fits := v.R <= v.H+2*v.Pad && v.S <= v.W+2*v.Pad
		if work := v.N * v.P * v.Q * v.units * v.R * v.S * v.C; fits && work <= c.count(1<<18, 1<<21) {
			return v
		}
	}
}

// convolutions adds the cases of a convolution or its adjoint.
func (c *chooser) convolutions(one func(v view)) {
	c.views(46, 500, one)
	for turn, v := range narrowViews() {
		one(v)
		c.narrow(narrowed(turn))
	}
}

func convCases(c *chooser) {
	c.convolutions(func(v view) {
		e := c.epilogueOf(1, v.y()...)
		c.add(v.String()+e.name, func(m *maker) compute.Op {
			x, w, ep := m.factor(first, 8, v.x()...), m.factor(second, 8, v.w()...), e.make(m)
			return compute.Conv{Y: m.out(ep.Beta != 0, v.y()...), X: x, W: w, Slide: v.Slide, Epilogue: ep}
		})
	})
}

func convInputCases(c *chooser) {
	c.convolutions(func(v view) {
		e := c.epilogueOf(1, v.x()...)
		c.add(v.String()+e.name, func(m *maker) compute.Op {
			y, w, ep := m.factor(first, 8, v.y()...), m.factor(second, 8, v.w()...), e.make(m)
			return compute.ConvInput{X: m.out(ep.Beta != 0, v.x()...), Y: y, W: w, Slide: v.Slide, Epilogue: ep}
		})
	})
}
