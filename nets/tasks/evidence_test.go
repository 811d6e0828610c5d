package tasks_test

import (
	"math"
	"slices"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// published is the protocol of the task, in steps of 3 ms.
func published() tasks.Evidence {
	return tasks.Evidence{Step: 3, Cues: 7, Period: 150, Length: 100, Delay: 1050, Recall: 150, Rate: 40, Background: 10, Odds: 0.7, Group: 10, Batch: 64}
}

const evidenceMoments, evidenceAsked, evidenceBatch = 750, 50, 256

// sure is the protocol with one cell a group that spikes at every step of its cues.
func sure() tasks.Evidence {
	t := published()
	t.Rate, t.Background, t.Group, t.Batch = 1000./3, 100, 1, evidenceBatch
	return t
}

// cuesOf reads the sides of the cues of a trial, and holds every spike but those of the background to the protocol.
func cuesOf(t *testing.T, shown []shown, example int) (sides []int) {
	t.Helper()
	for at, s := range shown {
		x := s.x[4*example:][:4]
		k, within := at/50, at%50
		if cued := k < 7 && within >= 17; cued && within == 17 {
			sides = append(sides, int(x[1]))
		}
		want := []float32{0, 0, 0}
		if k < 7 && within >= 17 {
			want[sides[k]] = 1
		}
		if at >= evidenceMoments-evidenceAsked {
			want[2] = 1
		}
		if !slices.Equal(x[:3], want) || s.first != (at == 0) || s.last != (at == evidenceMoments-1) {
			t.Fatalf("moment %d of example %d shows %v, want %v; first %t, last %t", at, example, x[:3], want, s.first, s.last)
		}
	}
	return sides
}

// most is 1 if most cues are on the right, else 0.
func most(sides []int) float32 {
	n := 0
	for _, s := range sides {
		n += s
	}
	if 2*n > len(sides) {
		return 1
	}
	return 0
}

// TestEvidence: cues come when the protocol says, the side of most of them is wanted in the recall alone, and the decision is
// the larger mean of its answers, counted once a trial.
func TestEvidence(t *testing.T) {
	moment := 0
	answer := func(x, want []float32) []float32 {
		at := moment % evidenceMoments
		moment++
		y := make([]float32, len(x)/2) // two answers of four cells
		for i := range len(x) / 4 {
			side := 0 // loud where nobody asks
			loud := float32(1000)
			if want != nil {
				if side, loud = int(want[i]), 1; i%4 == 0 && at == evidenceMoments-evidenceAsked { // wrong once, so much that the mean is
					side, loud = 1-side, evidenceAsked
				}
			}
			y[2*i+side] = loud
		}
		return y
	}
	task := func() nets.Task { e := sure(); return &e }
	w, learned, tested := watch(t, task, evidenceMoments, answer)
	near(t, "error", learned.Get("error").Each, 0.25, 0.25)
	near(t, "error of the test", tested.Get("error").Each, 0.25, 0.25)
	trials := len(w.shown) / evidenceMoments
	if trials != 3 || len(w.shown)%evidenceMoments != 0 {
		t.Fatalf("%d moments, want a trial and a test of 512 examples", len(w.shown))
	}
	right, alike, background, n := 0., 0., 0., float64(trials*2*evidenceBatch)
	for trial := range trials {
		shown := w.shown[trial*evidenceMoments:][:evidenceMoments]
		for i := range 2 * evidenceBatch {
			sides := cuesOf(t, shown, i)
			right += float64(sides[0])
			if sides[0] == sides[6] {
				alike++
			}
			for at, s := range shown {
				background += float64(s.x[4*i+3])
				if asked := at >= evidenceMoments-evidenceAsked; asked != (s.want != nil) || asked && s.want[i] != most(sides) {
					t.Fatalf("moment %d of the cues %v wants %v", at, sides, s.want)
				}
			}
		}
	}
	within(t, "a cue on the right", right/n, 0.5, n)
	within(t, "the side of the first cue at the last", alike/n, 0.7*0.7+0.3*0.3, n)
	within(t, "a spike of the background", background/n/evidenceMoments, 0.3, n*evidenceMoments)
	if slices.Equal(w.shown[0].x, w.shown[evidenceMoments].x) {
		t.Error("the test shows the draws of the training")
	}
}

// TestEvidenceRates: cells spike at 40 and 10 Hz.
func TestEvidenceRates(t *testing.T) {
	task := func() nets.Task { e := published(); return &e }
	w := &watcher{answer: func(x, _ []float32) []float32 { return make([]float32, len(x)/20) }}
	lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return w }, Task: task, Learners: 2, Seed: 3}, evidenceMoments)
	count := func(from, to, group int) (share, n float64) {
		for _, s := range w.shown[from:to] {
			for i, x := range s.x {
				if i/10%4 == group {
					share, n = share+float64(x), n+1
				}
			}
		}
		return share / n, n
	}
	for _, c := range []struct {
		name            string
		from, to, group int
		p               float64
	}{
		{"recall", evidenceMoments - evidenceAsked, evidenceMoments, 2, 0.12},
		{"background", 0, evidenceMoments, 3, 0.03},
		{"left before the first cue", 0, 17, 0, 0},
	} {
		share, n := count(c.from, c.to, c.group)
		within(t, c.name, share, c.p, n)
	}
	left, n := count(17, 50, 0)
	right, _ := count(17, 50, 1)
	within(t, "either side of a cue", left+right, 0.12, n)
}

// TestEvidenceReward: nothing is wanted, a right decision is rewarded when its trial ends or, shuffled, the one before it.
func TestEvidenceReward(t *testing.T) {
	for _, shuffled := range []bool{false, true} {
		task := func() nets.Task {
			e := sure()
			e.Reward, e.Shuffled = true, shuffled
			return &e
		}
		decision := func(i int) int { return i / 3 % 2 }
		w, learned, _ := watch(t, task, evidenceMoments, func(x, _ []float32) []float32 {
			y := make([]float32, len(x)/2)
			for i := range len(x) / 4 {
				y[2*i+decision(i)] = 1
			}
			return y
		})
		shown, rewards := w.shown[:evidenceMoments], w.rewards[0]
		for l := range 2 {
			wrong := 0.
			for i := range evidenceBatch {
				from := i
				if shuffled {
					from = (i + 1) % evidenceBatch
				}
				right := float32(0)
				if from += l * evidenceBatch; most(cuesOf(t, shown, from)) == float32(decision(from)) {
					right = 1
				}
				wrong += 1 - float64(right)
				if r := rewards[l*evidenceBatch+i]; r != right {
					t.Fatalf("shuffled %t: example %d of learner %d is rewarded with %g, want %g", shuffled, i, l, r, right)
				}
			}
			if got := learned.Get("error").Each[l]; math.Abs(got-wrong/evidenceBatch) > 1e-6 {
				t.Errorf("the error is %g, want %g", got, wrong/evidenceBatch)
			}
		}
		for at, s := range shown {
			if s.want != nil || len(w.rewards) != 3 {
				t.Fatalf("moment %d wants %v, and there are %d rewards, want one a trial", at, s.want, len(w.rewards))
			}
		}
	}
}

// TestPattern: each learner sees an input of its own again and again, and is to make a sum of sines from it that begins at 0
// and reaches 1 or −1.
func TestPattern(t *testing.T) {
	periods := []float64{100, 44}
	const moments, inputs = 200, 20
	task := func() nets.Task {
		return &tasks.Pattern{Step: 2, Length: 2 * moments, Inputs: inputs, Rate: 50, Periods: periods}
	}
	w, learned, tested := watch(t, task, 2*moments, func(_, want []float32) []float32 { return make([]float32, len(want)) })
	var waves [2][]float64
	spikes := 0.
	for at, s := range w.shown {
		first := w.shown[at%moments]
		if !slices.Equal(s.x, first.x) || !slices.Equal(s.want, first.want) || s.first != (at%moments == 0) || s.last != (at%moments == moments-1) {
			t.Fatalf("moment %d is not that of the first trial", at)
		}
		if at >= moments {
			continue
		}
		for _, x := range s.x {
			spikes += float64(x)
		}
		for l := range waves {
			waves[l] = append(waves[l], float64(s.want[l]))
		}
	}
	within(t, "a spike", spikes/(2*moments*inputs), 0.1, 2*moments*inputs)
	if x := w.shown[3].x; slices.Equal(x[:inputs], x[inputs:]) && slices.Equal(waves[0], waves[1]) {
		t.Error("both learners see the same")
	}
	for l, y := range waves {
		square := 0.
		for _, v := range y {
			square += v * v / moments
		}
		for _, m := range []nets.Metrics{learned, tested} {
			if got := m.Get("error").Each[l]; math.Abs(got-square) > 1e-6 {
				t.Errorf("the error of 0 is %g, want %g", got, square)
			}
		}
		if most := math.Max(slices.Max(y), -slices.Min(y)); y[0] != 0 || math.Abs(most-1) > 1e-6 {
			t.Errorf("the wave of learner %d begins at %g and reaches %g", l, y[0], most)
		}
		for _, period := range periods { // each takes its sine away, and in the end a constant is left
			c, next := 2*math.Cos(2*math.Pi*2/period), []float64(nil)
			for i := 1; i+1 < len(y); i++ {
				next = append(next, y[i-1]+y[i+1]-c*y[i])
			}
			y = next
		}
		if off := slices.Max(y) - slices.Min(y); off > 16*0x1p-23 {
			t.Errorf("the wave of learner %d is no sum of sines of these periods: %g is left", l, off)
		}
	}
}
