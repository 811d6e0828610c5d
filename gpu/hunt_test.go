//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/shaders"
)

// A ladder is mutants and the rung that reveals them.
type ladder struct {
	name, rung string
	set        func(*backend)
	mutants    []mutant
}

// Tiles smaller than any on offer, since a software OpenGL compiles for longer than it computes.
var (
	smallTile = []tile{{16, 32, 4, 4, 4, 1, 1}}
	tallTile  = []tile{{32, 32, 4, 8, 4, 1, 1}}
	pairTile  = []tile{{32, 32, 8, 4, 4, 2, 1}}
)

// hunt requires the suite to catch each mutant, with that leeway.
func hunt(t *testing.T, l compute.Leeway, ladders []ladder) {
	opened(t).Close()
	for _, ladder := range ladders {
		t.Run(ladder.name, func(t *testing.T) {
			t.Parallel()
			for _, m := range ladder.mutants {
				if err := m.try(ladder, l); !errors.Is(err, compute.ErrWrong) {
					t.Errorf("%v: %v", m, err)
				}
			}
			t.Logf("%d mutants", len(ladder.mutants))
		})
	}
}

// try runs the cases that the bug affects until one shows it, in the order of the new text to compile.
func (m mutant) try(way ladder, l compute.Leeway) (err error) {
	b, err := open(quick(way.rung))
	if err != nil {
		return err
	}
	way.set(b)
	b.source = m.source
	dev := compute.New(b)
	dev.Allow(l)
	defer func() { err = errors.Join(err, dev.Close()) }()
	left, err := m.tryouts(b.planner, l)
	for err == nil && len(left) > 0 {
		next := 0
		for i := range left {
			if left[i].cost(b) < left[next].cost(b) {
				next = i
			}
		}
		_, err = left[next].Check(0, dev)
		left = slices.Delete(left, next, next+1)
	}
	return err
}

// A tryout is a case of the suite, and the text of its programs as a compiler reads it.
type tryout struct {
	computetest.Case
	programs map[kernel]string
}

// cost returns the length of the text that b has not compiled yet.
func (t tryout) cost(b *backend) (n int) {
	for k, text := range t.programs {
		if _, ok := b.programs[k]; !ok {
			n += len(text)
		}
	}
	return n
}

// errNotPlanted reports that no program of any case contains the text of a mutant, as a compiler reads it.
var errNotPlanted = errors.New("no program has it")

// tryouts returns the cases that the bug affects: it is in one of their programs.
func (m mutant) tryouts(p planner, l compute.Leeway) (all []tryout, err error) {
	cases, err := computetest.CasesOf(m.op, computetest.Quick)
	if err != nil {
		return nil, err
	}
	seen, bad := map[kernel]string{}, map[kernel]bool{}
	desk := &paper{planner: &p}
	dev := compute.New(desk)
	dev.Allow(l)
	for _, c := range cases {
		if _, err := c.Check(1, dev); !errors.Is(err, errPlanned) {
			return nil, err
		}
		t, ill := tryout{c, map[kernel]string{}}, false
		for _, d := range desk.plans[len(desk.plans)-1].dispatches {
			if _, ok := seen[d.kernel]; !ok {
				if seen[d.kernel], bad[d.kernel], err = m.in(d.kernel); err != nil {
					return nil, err
				}
			}
			t.programs[d.kernel] = seen[d.kernel]
			ill = ill || bad[d.kernel]
		}
		if ill {
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return nil, errNotPlanted
	}
	return all, nil
}

// healthy caches programs without a bug, as a compiler reads them.
var healthy sync.Map

// in returns a program with the bug, as a compiler reads it, and whether that differs from the program without.
func (m mutant) in(k kernel) (string, bool, error) {
	text, err := shaders.Source(k.file, k.list()...)
	if err != nil {
		return "", false, err
	}
	good, known := healthy.Load(k)
	if !known {
		if good, err = visible(text); err != nil {
			return "", false, err
		}
		healthy.Store(k, good)
	}
	if m.plant(text) == text {
		return good.(string), false, nil
	}
	bad, err := visible(m.plant(text))
	return bad, bad != good, err
}

func (m mutant) plant(text string) string { return strings.ReplaceAll(text, m.old, m.new) }

// source returns [shaders.Source] with the bug.
func (m mutant) source(file string, defines ...string) (string, error) {
	text, err := shaders.Source(file, defines...)
	return m.plant(text), err
}

func (m mutant) String() string { return fmt.Sprintf("%T %q -> %q", m.op, m.old, m.new) }
