package spread

import (
	"bytes"
	"fmt"
	"time"
)

// Fakes returns the worlds of w ranks of this process, for tests without any network: a goroutine a rank. A rank that
// calls nothing for a minute is silent to the others, and one that was closed is gone.
func Fakes(w int) []World { return PatientFakes(w, time.Minute) }

// PatientFakes is Fakes with another patience.
func PatientFakes(w int, patience time.Duration) []World {
	all := make([]World, w)
	every := make([]*fake, w)
	for r := range every {
		every[r] = &fake{rank: r, every: every, patience: patience, gone: make(chan struct{}), from: make([]line, w)}
		for o := range every[r].from {
			every[r].from[o] = line{messages: make(chan message, 1), taken: make(chan struct{}, 1)}
		}
		all[r] = every[r]
	}
	return all
}

// A fake is a rank that is a goroutine.
type fake struct {
	rank     int
	every    []*fake
	from     []line // by rank: what it sends here
	patience time.Duration
	gone     chan struct{} // closed with the rank
	err      error         // the first
}

// A line takes messages from a rank to another one, which says when it has taken one.
type line struct {
	messages chan message
	taken    chan struct{}
}

type message struct {
	numbers []float32
	bytes   []byte
}

func (f *fake) Rank() int         { return f.rank }
func (f *fake) Size() int         { return len(f.every) }
func (f *fake) Host(r int) string { return fmt.Sprintf("fake%d", r) }

func (f *fake) Exchange(send, receive [][]float32) error {
	if err := CheckExchange(f.Size(), send, receive); err != nil {
		return err
	}
	return f.meet(
		func(r int) (message, bool) { return message{numbers: send[r]}, len(send[r]) > 0 },
		func(r int) bool { return len(receive[r]) > 0 },
		func(r int, m message) error {
			if len(m.numbers) != len(receive[r]) {
				return f.fault(r, fmt.Sprintf("sent %d numbers, want %d", len(m.numbers), len(receive[r])))
			}
			copy(receive[r], m.numbers)
			return nil
		})
}

func (f *fake) Share(mine []byte) ([][]byte, error) {
	all := make([][]byte, f.Size())
	all[f.rank] = bytes.Clone(mine)
	err := f.meet(
		func(int) (message, bool) { return message{bytes: mine}, true },
		func(int) bool { return true },
		func(r int, m message) error { all[r] = bytes.Clone(m.bytes); return nil })
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (f *fake) Close() error {
	select {
	case <-f.gone:
	default:
		close(f.gone)
	}
	return nil
}

// meet sends what there is to send, takes what is wanted, and waits until all that was sent was taken.
func (f *fake) meet(send func(r int) (message, bool), wanted func(r int) bool, take func(r int, m message) error) error {
	if f.err != nil {
		return f.err
	}
	late := time.NewTimer(f.patience)
	defer late.Stop()
	for r, o := range f.every {
		if m, some := send(r); some && r != f.rank {
			o.from[f.rank].messages <- m // has room: the message before was taken
		}
	}
	for r := range f.every {
		if r == f.rank || !wanted(r) {
			continue
		}
		m, err := await(f, r, f.from[r].messages, late)
		if err == nil {
			err = take(r, m)
		}
		if err != nil {
			f.err = err
			return err
		}
		f.from[r].taken <- struct{}{}
	}
	for r, o := range f.every {
		if _, some := send(r); !some || r == f.rank {
			continue
		}
		if _, err := await(f, r, o.from[f.rank].taken, late); err != nil {
			f.err = err
			return err
		}
	}
	return nil
}

// await receives what rank r does; what it did before it went counts.
func await[T any](f *fake, r int, c chan T, late *time.Timer) (got T, err error) {
	what := "is gone"
	select {
	case got = <-c:
		return got, nil
	case <-f.every[r].gone:
	case <-late.C:
		what = fmt.Sprintf("did not answer within %v", f.patience)
	}
	select {
	case got = <-c:
		return got, nil
	default:
		return got, f.fault(r, what)
	}
}

func (f *fake) fault(r int, what string) error {
	return &RankError{Rank: r, Host: f.Host(r), What: what}
}
