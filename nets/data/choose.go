package data

import "slices"

// Few returns n examples of a part, or all where n is 0 or more than there are: the first n, unless the part is in the
// order of its classes, of which the first would be a few alone. Then each class has its share (by largest remainders),
// drawn at random: the same for every run. spread tells which.
func (s *Set) Few(p *Split, n int) (few *Split, spread bool) {
	switch {
	case n <= 0 || n >= p.N():
		return p, false
	case !p.byClass():
		return p.first(n, s.Values()), false
	}
	few = new(Split)
	for _, i := range p.draw(n, s.Classes) {
		few.add(p, i, s.Values())
	}
	return few, true
}

// first returns the first n examples.
func (s *Split) first(n, values int) *Split {
	few := &Split{Labels: s.Labels[:n], Want: s.Want.few(0, n, s.N())}
	if s.Pixels != nil {
		few.Pixels = s.Pixels[:n*values]
	} else {
		few.Floats = s.Floats[:n*values]
	}
	return few
}

// add appends example i of another part.
func (s *Split) add(from *Split, i, values int) {
	s.Labels = append(s.Labels, from.Labels[i])
	if from.Pixels != nil {
		s.Pixels = append(s.Pixels, from.Pixels[i*values:][:values]...)
	} else {
		s.Floats = append(s.Floats, from.Floats[i*values:][:values]...)
	}
	if one := from.Want.few(i, 1, from.N()); one != nil {
		if s.Want == nil {
			s.Want = new(Wanted)
		}
		s.Want.Values, s.Want.At = append(s.Want.Values, one.Values...), append(s.Want.At, one.At...)
	}
}

// byClass reports whether neighbours share their class far more often than in a random order: whether the label changes less
// than half as often as there, which is (N² − Σ n_c²)/N times on average.
func (s *Split) byClass() bool {
	changes, same := 0, 0.0
	count := map[int]float64{}
	for i, l := range s.Labels {
		if i > 0 && l != s.Labels[i-1] {
			changes++
		}
		same += 2*count[l] + 1 // (n+1)² − n²
		count[l]++
	}
	n := float64(s.N())
	return 2*float64(changes) < n-same/n
}

// draw returns n examples, in their order, of each class its share.
func (s *Split) draw(n, classes int) (chosen []int) {
	of := make([][]int, classes)
	for i, l := range s.Labels {
		of[l] = append(of[l], i)
	}
	rnd := newStream()
	rnd.at(0, 0, ofOrder)
	byRemainder := make([]int, classes)
	left := n
	for c := range of {
		byRemainder[c] = c
		left -= len(of[c]) * n / s.N()
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int { return len(of[b])*n%s.N() - len(of[a])*n%s.N() })
	for k, c := range byRemainder {
		rnd.Shuffle(len(of[c]), func(i, j int) { of[c][i], of[c][j] = of[c][j], of[c][i] })
		share := len(of[c]) * n / s.N()
		if k < left {
			share++
		}
		chosen = append(chosen, of[c][:share]...)
	}
	slices.Sort(chosen)
	return chosen
}
