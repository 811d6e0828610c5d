package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// behind is the share of a peer's speed below which a case is measured again.
const behind = 0.95

// rival is the backend of ours that a peer's is compared with, where both are on the same hardware.
func rival(peer string) string {
	return map[string]string{"torch-cpu": "cpu", "torch-cuda": "gpu"}[peer]
}

// again returns the results of a case, in which each one behind the peer is measured Options.Again times more and replaced.
func (r *runner) again(c Case, first []Result) []Result {
	for _, res := range slices.Clone(first) {
		if r.isBehind(res) {
			first = replace(first, r.rerun(c.alone(res)))
		}
	}
	return first
}

// alone is c or, if it is a training, c by the rule of a result alone.
func (c Case) alone(res Result) Case {
	if c.Training != nil {
		t := *c.Training
		t.Rules, c.Training = []string{strings.TrimPrefix(res.Case, c.Name+" ")}, &t
	}
	return c
}

// rerun measures a case of one ratio again, beside the peer and nothing else. It returns the results of the run of the median
// ratio, of an even number the lower, or of one in which a result is wrong.
func (r *runner) rerun(c Case) []Result {
	on := slices.IndexFunc(r.devices, func(d *device) bool { return r.rivals(d.info.Backend) })
	var reruns [][]Result // which have a ratio
	for range r.Options.Again {
		if !r.may() {
			break
		}
		results := r.run(c, r.devices[on:on+1])
		if slices.ContainsFunc(results, func(c Result) bool { return c.Status == Failed || c.Status == Broken }) {
			return results
		}
		if results[0].VsPeer > 0 {
			reruns = append(reruns, results)
		}
	}
	if len(reruns) == 0 {
		return nil
	}
	slices.SortStableFunc(reruns, func(a, b []Result) int { return cmp.Compare(a[0].VsPeer, b[0].VsPeer) })
	counted := reruns[(len(reruns)-1)/2]
	for _, rerun := range reruns {
		counted[0].Again = append(counted[0].Again, rerun[0].VsPeer)
	}
	return counted
}

// rivals reports whether a backend is compared with the peer.
func (r *runner) rivals(backend string) bool {
	return r.Options.Peer != nil && rival(r.Options.Peer.info().Backend) == backend
}

func (r *runner) isBehind(c Result) bool {
	return r.rivals(c.Backend) && c.VsPeer > 0 && c.VsPeer < behind
}

// replace puts results in the places of old ones of the same case and backend.
func replace(old, results []Result) []Result {
	for i := range old {
		if k := slices.IndexFunc(results, func(c Result) bool { return keyOf(c) == keyOf(old[i]) }); k >= 0 {
			vs := old[i].VsBackprop // of samples that were taken in turns
			old[i] = results[k]
			old[i].VsBackprop = vs
		}
	}
	relate(old)
	return old
}

// A Standing is how the cases of a suite stand beside a peer's, by ratios of its time to ours. It is a line of JSON, after the
// results.
type Standing struct {
	Peer      string  `json:"peer"` // its backend, as in a [Result]
	Backend   string  `json:"backend"`
	Suite     string  `json:"suite"` // "": all of them
	Cases     int     `json:"cases"`
	Median    float64 `json:"median"`
	Behind    int     `json:"behind"` // cases below Threshold
	Threshold float64 `json:"threshold"`
	Again     int     `json:"measured_again"` // cases that were measured again
	Worst     float64 `json:"worst"`
	WorstCase string  `json:"worst_case"`
}

// Standings returns the standing of each suite, and of all suites, beside each peer.
func (r *Report) Standings() (all []Standing) {
	for _, peer := range backends(r.Results) {
		if !isPeer(peer) {
			continue
		}
		ours := slices.DeleteFunc(slices.Clone(r.Results), func(c Result) bool {
			return c.Backend != rival(peer) || c.VsPeer == 0 || c.reduced() || r.find(c.Suite, c.Case, peer) == nil
		})
		for _, suite := range append(slices.Clone(Suites), "") {
			of := slices.DeleteFunc(slices.Clone(ours), func(c Result) bool { return suite != "" && c.Suite != suite })
			if len(of) > 0 {
				all = append(all, standing(peer, suite, of))
			}
		}
	}
	return all
}

// standing returns how the cases of a suite stand beside a peer.
func standing(peer, suite string, cases []Result) Standing {
	slices.SortStableFunc(cases, func(a, b Result) int { return cmp.Compare(a.VsPeer, b.VsPeer) })
	worst := cases[0]
	s := Standing{Peer: peer, Backend: worst.Backend, Suite: suite, Cases: len(cases), Threshold: behind, Worst: worst.VsPeer, WorstCase: worst.Suite + " " + worst.Case}
	ratios := make([]float64, len(cases))
	for i, c := range cases {
		ratios[i] = c.VsPeer
		if c.VsPeer < behind {
			s.Behind++
		}
		if len(c.Again) > 0 {
			s.Again++
		}
	}
	s.Median, _, _ = summary(ratios)
	return s
}

// WriteStandings writes standings as JSON, one object per line. [Read] passes over them.
func WriteStandings(w io.Writer, all ...Standing) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, s := range all {
		if err := enc.Encode(s); err != nil {
			return err
		}
	}
	return nil
}

// standingTable has a row for each suite and one for all.
func (r *Report) standingTable() table {
	s := table{Title: "beside the peer, in its time over ours", Head: []string{"suite", "cases", "median", fmt.Sprintf("below %g×", behind), "measured again", "worst", "by"}}
	for _, a := range r.Standings() {
		suite := cmp.Or(a.Suite, "all") + " on " + a.Backend + ", " + a.Peer
		s.Rows = append(s.Rows, []string{suite, fmt.Sprint(a.Cases), times3(a.Median), fmt.Sprint(a.Behind), fmt.Sprint(a.Again), times3(a.Worst), a.WorstCase})
	}
	for _, c := range r.Results {
		if len(c.Again) > 0 {
			var ratios []string
			for _, x := range c.Again {
				ratios = append(ratios, times3(x))
			}
			s.Notes = append(s.Notes, fmt.Sprintf("%s %s was measured again: %s", c.Suite, c.Case, strings.Join(ratios, ", ")))
		}
	}
	return s
}
