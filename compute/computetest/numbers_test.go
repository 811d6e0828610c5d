package computetest

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// accepted are numbers that are not finite and that ops take, with the reason.
var accepted = map[string]string{
	"Hebbian.Lo=-Inf":       "no lower bound",
	"Hebbian.Hi=+Inf":       "no upper bound",
	"SoftmaxLoss.Scale=NaN": "not read without a Delta", "SoftmaxLoss.Scale=+Inf": "not read without a Delta", "SoftmaxLoss.Scale=-Inf": "not read without a Delta",
}

// numbers are the places of floating-point numbers in a value: in fields, in structs within, and in lists.
func numbers(v reflect.Value, name string) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		all[name] = v
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				for n, x := range numbers(v.Field(i), name+"."+f.Name) {
					all[n] = x
				}
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			for n, x := range numbers(v.Index(i), name) {
				all[n] = x
			}
		}
	}
	return all
}

// TestNumbersOfOps: no op takes a number that is not finite, but for those that are accepted.
func TestNumbersOfOps(t *testing.T) {
	seen := map[string]bool{}
	d := compute.New(&compute.Stage{})
	for _, op := range compute.Ops {
		cases := must.Get(CasesOf(op, Quick))(t)
		for _, c := range cases {
			err := d.Step(func(s *compute.Step) error {
				v := reflect.New(reflect.TypeOf(op)).Elem()
				v.Set(reflect.ValueOf(c.build(c.maker(s))))
				for name, x := range numbers(v, reflect.TypeOf(op).Name()) {
					seen[name] = true
					first := x.Float()
					for _, wrong := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
						x.SetFloat(wrong)
						err := d.Step(func(s *compute.Step) error {
							s.Do(v.Interface().(compute.Op))
							return nil
						})
						if key := fmt.Sprintf("%s=%g", name, wrong); err == nil && accepted[key] == "" {
							t.Errorf("%s %s: %s is accepted", c.Op, c.Name, key)
						}
					}
					x.SetFloat(first)
				}
				return s.Err()
			})
			if err != nil {
				t.Errorf("%s %s: %v", c.Op, c.Name, err)
			}
		}
	}
	for _, name := range []string{"Gemm.Epilogue.Alpha", "Hebbian.Rate", "Gram.Sigma", "Random.Law.A", "Random.Law.B", "Reduce.Beta", "Standardize.Eps", "FMA.A"} {
		if !seen[name] {
			t.Errorf("no case has %s among %v", name, seen)
		}
	}
}
