package compute_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"hebb/compute"
)

// A mutant is a mistake that the cases of an op must catch: a backend that makes it.
type mutant struct {
	name string
	op   compute.Op
	compute.Backend
}

// bend returns the mutant that replaces ops of one type by others.
func bend[O compute.Op](name string, f func(op *O)) mutant { return mutant{name, *new(O), bent(f)} }

// spoil returns the mutant that changes the outputs of ops of one type.
func spoil[O compute.Op](name string, f func(op O)) mutant { return mutant{name, *new(O), spoilt(f)} }

// TestMutants: every mutant is caught by the cases of its op.
func TestMutants(t *testing.T) {
	for _, m := range slices.Concat(operandMutants(), windowMutants(), convMutants(), poolMutants(), epilogueMutants(), hebbianMutants(),
		gramMutants(), mapMutants(), reduceMutants(), normMutants(), lossMutants(), randomMutants(), gatherMutants(), resampleMutants(), synapseMutants(), similarityMutants(),
		inverseMutants(), roofMutants(), halfMutants()) {
		t.Run(fmt.Sprintf("%T/%s", m.op, m.name), func(t *testing.T) {
			t.Parallel()
			if _, err := try(m.op, 1, m); !errors.Is(err, compute.ErrWrong) {
				t.Errorf("survived: %v", err)
			}
		})
	}
}

// A buggy backend calls bug instead of running an op.
type buggy struct {
	*machine
	bug func(run func(compute.Op), op compute.Op)
}

func (b *buggy) Run(op compute.Op) (err error) {
	b.bug(func(op compute.Op) { err = b.machine.Run(op) }, op)
	return err
}

// around makes a mistake around the run of ops of one type.
func around[O compute.Op](f func(run func(compute.Op), op O)) compute.Backend {
	return &buggy{plain(), func(run func(compute.Op), op compute.Op) { f(run, op.(O)) }}
}

// bent replaces an op by another.
func bent[O compute.Op](f func(op *O)) compute.Backend {
	return around(func(run func(compute.Op), op O) {
		f(&op)
		run(compute.Op(op))
	})
}

// spoilt changes an op's outputs.
func spoilt[O compute.Op](f func(op O)) compute.Backend {
	return around(func(run func(compute.Op), op O) { run(op); f(op) })
}

// hurt changes the first output of any op.
func hurt(f func(op compute.Op, out []float32)) compute.Backend {
	return spoilt(func(op compute.Op) {
		outs, _ := compute.Operands(op)
		f(op, data(outs[0]))
	})
}

// during runs f while t holds its contents as changed by change.
func during(t *compute.Tensor, change func(x []float32), f func()) {
	old := slices.Clone(data(t))
	change(data(t))
	f()
	copy(data(t), old)
}

func last(t *compute.Tensor) *float32 {
	w := data(t)
	return &w[len(w)-1]
}

// flip changes the lowest bit of x.
func flip(x *float32) { *x = math.Float32frombits(math.Float32bits(*x) ^ 1) }

// operandMutants spoil the end of each operand of each op, both outputs and inputs.
func operandMutants() (all []mutant) {
	for _, op := range compute.Ops {
		whole := reflect.New(reflect.TypeOf(op)).Elem()
		fields(whole, "", func(_ string, field reflect.Value) {
			if field.Kind() == reflect.Slice {
				field.Set(reflect.ValueOf([]*compute.Tensor{{}, {}}))
			} else {
				field.Set(reflect.ValueOf(new(compute.Tensor)))
			}
		})
		full := whole.Interface().(compute.Op)
		outs, _ := compute.Operands(full)
		for name, t := range tensorsOf(full) {
			add := func(mistake string, f func(run func(compute.Op), op compute.Op, end *float32)) {
				all = append(all, mutant{name + " " + mistake, op, around(func(run func(compute.Op), op compute.Op) {
					if t := tensorsOf(op)[name]; t != nil {
						f(run, op, last(t))
					} else {
						run(op)
					}
				})})
			}
			if !slices.Contains(outs, t) {
				add("without its end", func(run func(compute.Op), op compute.Op, end *float32) {
					old := *end
					*end = 0
					run(op)
					*end = old
				})
				add("written", func(run func(compute.Op), op compute.Op, end *float32) { run(op); flip(end) })
				continue
			}
			add("not stored at its end", func(run func(compute.Op), op compute.Op, end *float32) {
				old := *end
				run(op)
				*end = old
			})
			if _, adds := op.(compute.Deliver); !adds && name != "RunMean" && name != "RunVar" { // these are always read
				add("read", func(run func(compute.Op), op compute.Op, end *float32) {
					old := *end // NaN, where the op must not read it
					run(op)
					*end += 0 * old
				})
			}
		}
	}
	return all
}

// tensorsOf returns the tensors of op that are there, by the names of their fields.
func tensorsOf(op compute.Op) map[string]*compute.Tensor {
	all := map[string]*compute.Tensor{}
	fields(reflect.ValueOf(op), "", func(name string, field reflect.Value) {
		switch x := field.Interface().(type) {
		case *compute.Tensor:
			all[name] = x
		case []*compute.Tensor:
			for i, x := range x {
				all[fmt.Sprint(name, i)] = x
			}
		}
	})
	return all
}

// fields calls f with each field of v that holds tensors.
func fields(v reflect.Value, prefix string, f func(name string, field reflect.Value)) {
	for i := range v.NumField() {
		name, field := prefix+v.Type().Field(i).Name, v.Field(i)
		switch field.Type() {
		case reflect.TypeFor[*compute.Tensor](), reflect.TypeFor[[]*compute.Tensor]():
			f(name, field)
		default:
			if field.Kind() == reflect.Struct {
				fields(field, name+".", f)
			}
		}
	}
}

// roofMutants are of the ops that a roofline is measured by.
func roofMutants() []mutant {
	return []mutant{
		spoil("one bit off", func(c compute.Copy) { flip(last(c.Dst)) }),
		bend("one round short", func(f *compute.FMA) { f.Rounds-- }),
		bend("A and B exchanged", func(f *compute.FMA) { f.A, f.B = f.B, f.A }),
	}
}
