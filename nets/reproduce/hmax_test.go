package reproduce

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// glyphs writes IDX files of 28×28 pixels in ten classes: noise, and the blocks of the class in the middle.
func glyphs(t *testing.T) (dir string) {
	return idx(t, 400, 100, 28, 28, func(i int) int { return i * 7 % 10 }, func(rnd *rand.Rand, class, j int) int {
		y, x := (j/28-6)/4, (j%28-6)/4 // blocks of 4×4 pixels
		v := rnd.IntN(60)
		if inside := j/28 >= 6 && j%28 >= 6 && y < 4 && x < 4; inside && (class*2654435761>>(8+4*y+x))&1 == 1 {
			v += 180
		}
		return v
	})
}

// TestHMAX: the small scale bears its claims out on other images, and the claims fail on rows in changed places and on none.
func TestHMAX(t *testing.T) {
	r := runner(t)
	r.Data = map[string]string{"mnist": glyphs(t)}
	rows := make1(t, r, smallMoved)
	swapped := slices.Clone(rows)
	swapped[0].Run, swapped[1].Run = rows[1].Run, rows[0].Run
	for _, c := range smallMoved.Check {
		if !c.Holds(rows) || c.Holds(swapped) || c.Holds(nil) {
			t.Errorf("%s: %t, of swapped rows %t, of none %t: %v, %v", c.Says, c.Holds(rows), c.Holds(swapped), c.Holds(nil), rows[0].Figures, rows[1].Figures)
		}
	}
}
