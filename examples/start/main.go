// Program start is the first example of the README: eight recurrent networks learn online to make a sine.
package main

import (
	"fmt"
	"log"

	"hebb/backend"
	"hebb/compute"
	"hebb/nets"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

func main() {
	b, _, err := backend.Open("auto", backend.Options{}) // a GPU where there is one, else the CPU
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b) // or compute.New(compute.Verify(b, 64)): 64 numbers of every op are held against its definition
	defer dev.Close()
	run := nets.Run{
		System:   func() nets.System { return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: 50, Tau: 10, Gain: 1.5}} },
		Task:     func() nets.Task { return &tasks.Sines{Period: 40, Outputs: 1, Cue: 5} },
		Learners: 8, Seed: 1, Rate: 0.002, Moments: 80 * 100,
	}
	err = run.On(dev, 80*25, func(moments int, m nets.Metrics) {
		fmt.Printf("%d trials, error %.3f\n", moments/80, m.Get("error").Mean())
	})
	if err != nil {
		log.Fatal(err)
	}
}
