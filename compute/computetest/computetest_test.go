package computetest

import (
	"reflect"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// TestEveryOpHasCases: an op without cases would pass unseen.
func TestEveryOpHasCases(t *testing.T) {
	for _, op := range compute.Ops {
		for _, level := range []Level{Quick, Full} {
			cases := must.Get(CasesOf(op, level))(t)
			plain := 0
			for _, c := range cases {
				if c.plain {
					plain++
				}
			}
			if len(cases) < 20 || plain < len(cases)/3 || plain > 2*len(cases)/3 {
				t.Errorf("%v: %d cases, %d on whole numbers", reflect.TypeOf(op), len(cases), plain)
			}
			t.Logf("%v: %d cases at level %d", reflect.TypeOf(op), len(cases), level)
		}
	}
}
