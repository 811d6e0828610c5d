package train

import (
	"fmt"
	"os"
	"path/filepath"

	"hebb/nets"
)

// Bests are the values of Config.KeepBest: no checkpoint is kept for being best, or the one of the highest accuracy or of the
// lowest loss on the test part; of several learners by their mean.
var Bests = []string{"", "accuracy", "loss"}

// A best follows which evaluation was the best so far.
type best struct {
	by    string  // one of Bests
	step  int     // of the first of the best; 0: there was none
	score float64 // the larger the better
	since int     // evaluations after it
}

// bestOf returns the best of the evaluations in the lines of a run.
func bestOf(by string, lines []Line) best {
	b := best{by: by}
	for _, l := range lines {
		b.see(l)
	}
	return b
}

// see takes account of a line.
func (b *best) see(l Line) {
	score := l.Accuracy
	if b.by == "loss" {
		score = -l.Loss
	}
	switch {
	case b.by == "" || l.Kind != "test":
	case b.step == 0 || score > b.score:
		b.step, b.score, b.since = l.Step, score, 0
	default:
		b.since++
	}
}

// early reports whether a run of the Config ends because so many evaluations were no better.
func (b best) early(c Config) bool { return c.Patience > 0 && b.since >= c.Patience }

// early reports whether the run ends here, before its last step.
func (r *Run) early() bool { return r.ended != "" || r.best.early(r.Config) }

// Early says why the run ended before its last step; "" where it did not.
func (r *Run) Early() string {
	done, total := r.Steps()
	switch {
	case done >= total || !r.early():
		return ""
	case r.ended != "":
		return fmt.Sprintf("after step %d of %d: %s", done, total, r.ended)
	}
	return fmt.Sprintf("after step %d of %d: no better test %s than that after step %d in %d evaluations", done, total, r.best.by, r.best.step, r.best.since)
}

// Endings says how the finished learners of a run have ended; "" if there are none.
func Endings(s *nets.Session) string {
	if s.Learners == 1 && len(s.Finished()) == 1 {
		return s.Finished()[0].Error()
	}
	return nets.LostText(s.Seed, s.Finished())
}

// BestModel returns the weights of the checkpoint that was best on the test part, of a run that keeps it, and after how many
// steps it was made.
func BestModel(dir string) (path string, step int, err error) {
	h, err := ReadHistory(dir)
	if err != nil {
		return "", 0, err
	}
	if h.Config.KeepBest == "" {
		return "", 0, ConfigError{fmt.Errorf("%s does not keep its best checkpoint: train with --keep-best", dir)}
	}
	b := bestOf(h.Config.KeepBest, h.Lines)
	if b.step == 0 {
		return "", 0, fmt.Errorf("%s was not evaluated yet", dir)
	}
	path = filepath.Join(checkpoint(filepath.Join(dir, CheckpointsDir), b.step), ModelFile)
	_, err = os.Stat(path)
	return path, b.step, err
}
