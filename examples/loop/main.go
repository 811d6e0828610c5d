// Program loop is a training loop of one's own: until every learner is right, with a look at the weights afterwards.
package main

import (
	"context"
	"fmt"
	"log"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/settle"
	"hebb/nets/tasks"
)

func main() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	if err := learn(context.Background(), dev); err != nil {
		log.Fatal(err)
	}
}

// learn shows exclusive or to five learners until all of them have learned it, and prints their weights.
func learn(ctx context.Context, dev *compute.Device) error {
	xor := func() nets.Task { return &tasks.XOR{} }
	s, err := nets.Run{
		System: func() nets.System { return &settle.CHL{Hidden: []int{16}, Sweeps: 10, Gamma: 0.1, Gain: 2} },
		Task:   xor, Test: xor,
		Learners: 5, Seed: 1, Rate: 2, Moments: 5000,
	}.Open(dev)
	if err != nil {
		return err
	}
	defer s.Close()
	right := 0.0
	for right < 1 && s.Number() < s.Total() {
		for range 50 {
			if err := s.Step(ctx); err != nil {
				return err
			}
		}
		if _, err := s.Metrics(); err != nil { // of training; an error once no learner is left
			return err
		}
		test, err := s.Evaluate(ctx, nil)
		if err != nil {
			return err
		}
		right = test.Get("accuracy").Mean()
	}
	fmt.Printf("after %d moments all are right: %v\n", s.Number(), right == 1)
	tensors := s.Tensors()
	values, err := s.Read(tensors)
	if err != nil {
		return err
	}
	for i, t := range tensors {
		fmt.Printf("%s %v: %d numbers of %d learners\n", t.Name, t.Shape, len(values[i]), s.Learners)
	}
	return nil
}
