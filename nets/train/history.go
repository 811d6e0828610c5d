package train

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// ErrNoRun says that a folder is not that of a run.
var ErrNoRun = errors.New("not the folder of a run")

// A History is what the folder of a run says of it, for looking at; the run may still be under way.
type History struct {
	Dir    string
	Config Config
	Record Record
	Lines  []Line // up to where they are damaged
	Damage error  // what is missing or cannot be read, beside a last line that was cut
}

// ReadHistory reads the folder of a run and changes nothing in it. It returns an error, which wraps [ErrNoRun] where
// there is no config, if not even that can be read; it is the Damage then, too.
func ReadHistory(dir string) (h History, err error) {
	h.Dir = dir
	if h.Config, err = RunConfig(dir); err != nil {
		return History{Dir: dir, Damage: err}, err
	}
	var lines, record error
	h.Record, record = ReadRecord(dir)
	h.Lines, lines = ReadMetrics(dir)
	h.Damage = errors.Join(record, lines)
	return h, nil
}

// RunConfig reads the config of the run in a folder. The error wraps [ErrNoRun] where there is none.
func RunConfig(dir string) (c Config, err error) {
	switch info, gone := os.Stat(dir); {
	case errors.Is(gone, fs.ErrNotExist):
		return c, fmt.Errorf("%w: there is no folder %s", ErrNoRun, dir)
	case gone == nil && !info.IsDir():
		return c, fmt.Errorf("%w: %s is a file", ErrNoRun, dir)
	}
	c, err = ReadConfig(filepath.Join(dir, ConfigFile), Config{})
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %s has no %s", ErrNoRun, dir, ConfigFile)
	}
	return c, err
}

// Of returns the lines of a kind.
func (h History) Of(kind string) []Line {
	return slices.DeleteFunc(slices.Clone(h.Lines), func(l Line) bool { return l.Kind != kind })
}

// Lost returns, by learner, why some of several learners are lost.
func (h History) Lost() map[int]string { return lostIn(h.Lines) }

// lostIn returns why learners are lost: lines say so or, from an older hebb, all metrics of a learner are null from a
// line on.
func lostIn(lines []Line) map[int]string {
	lost, silent := map[int]string{}, map[int]int{} // silent: since which step
	for _, l := range lines {
		maps.Copy(lost, l.Lost)
		heard := map[int]bool{}
		for _, each := range l.Learners {
			for learner, x := range each {
				heard[learner] = heard[learner] || x == x
			}
		}
		for learner, is := range heard {
			if _, was := silent[learner]; is {
				delete(silent, learner)
			} else if !was {
				silent[learner] = l.Step
			}
		}
	}
	for learner, step := range silent {
		if lost[learner] == "" {
			lost[learner] = fmt.Sprintf("without metrics from step %d on", step)
		}
	}
	return lost
}

// Epochs returns how many epochs were made, as far as the metrics say, and how many were asked for. Where steps were
// asked for and none was made, the latter is not known and 0.
func (h History) Epochs() (done, asked float64) {
	asked = float64(h.Config.Epochs)
	if h.Config.Steps > 0 {
		asked = 0
	}
	if len(h.Lines) == 0 {
		return 0, asked
	}
	last := h.Lines[len(h.Lines)-1]
	if h.Config.Steps > 0 && last.Step > 0 {
		asked = last.Epoch * float64(h.Config.Steps) / float64(last.Step)
	}
	return last.Epoch, asked
}

// Finished reports whether the run made all the steps that its config asks for, or ended early as it says.
func (h History) Finished() bool {
	if bestOf(h.Config.KeepBest, h.Lines).early(h.Config) || endingOf(h.Lines) != "" {
		return true
	}
	if h.Config.Steps > 0 {
		return len(h.Lines) > 0 && h.Lines[len(h.Lines)-1].Step >= h.Config.Steps
	}
	done, asked := h.Epochs()
	return done >= asked
}

// endingOf returns why nothing follows the lines of a run, or "".
func endingOf(lines []Line) string {
	for _, l := range slices.Backward(lines) {
		if l.Kind == "train" {
			return l.Ended
		}
	}
	return ""
}

// InSteps reports whether the time of the run is counted in steps: those asked for of a task with a name of its own, whose
// epochs are a trial or two. All others are counted in epochs.
func (h History) InSteps() bool { return h.Config.Steps > 0 && h.Config.ownTask() }

// At returns the time of a line, in steps or epochs.
func (h History) At(l Line) float64 {
	if h.InSteps() {
		return float64(l.Step)
	}
	return l.Epoch
}

// Made returns how many steps or epochs were made and asked for, the latter 0 where that is not known; see [History.Epochs].
func (h History) Made() (done, asked float64) {
	if !h.InSteps() {
		return h.Epochs()
	}
	if len(h.Lines) > 0 {
		done = h.At(h.Lines[len(h.Lines)-1])
	}
	return done, float64(h.Config.Steps)
}
