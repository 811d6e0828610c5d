package reproduce

import (
	"math"
	"testing"

	"hebb/internal/must"
)

// TestTimeCode: the claims and bands hold of the measured figures; each seed gives alone what it gives among others; and
// latencies count of the cells that were not kicked, and spike in most trials.
func TestTimeCode(t *testing.T) {
	measuredHold(t, "time-code")
	dev := must.Get(openCPU())(t)
	few := scaled{trials: 3, last: 2, rate: 0.1, cells: 20, kicked: 5, every: 1, set: plain}
	both, alone := must.Get(few.run(t.Context(), dev, Seeds{4, 2}))(t), must.Get(few.run(t.Context(), dev, Seeds{5, 1}))(t)
	for q, v := range alone {
		if len(v) != 1 || both[q][1] != v[0] && v[0] == v[0] {
			t.Errorf("%s is %v alone, and %v of two", q, v, both[q])
		}
	}
	must.Do(t, dev.Close())
	f := Figures{}
	scaled{last: 3, kicked: 1}.times(f, []Values{{0, 0, 0}, {4, 4, 4}, {9}, {6, 8}, {}})
	if f[fixedCells][0] != 2 || f[latency5][0] != 4 || f[latency95][0] != 7 || math.Abs(f[latencyJitter][0]-1) > 1e-12 {
		t.Errorf("%v of two cells at 4 and at 6 to 8 ms, want these", f)
	}
	scaled{last: 3, kicked: 1}.times(f, []Values{{0, 0, 0}, {}})
	if x := f[latencyJitter][1]; f[fixedCells][1] != 0 || x == x {
		t.Errorf("%v of no cell, want none", f)
	}
}
