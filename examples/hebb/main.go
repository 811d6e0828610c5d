// Program hebb is the whole command with a rule, a system and a task of one's own:
//
//	go run ./hebb train delta --task teacher --learners 8 --steps 500 --lr 0.1
//	go run ./hebb train --net mlp:784-100-10 --data fashion-mnist --rule lagging:rate=0.1
package main

import (
	"hebb/cmd/cli"
	"hebb/nets"
)

func main() {
	cli.Main(
		cli.Rule("lagging", "delta·B, and B follows W at a distance", Lagging{Rate: 0.05}),
		cli.System("delta", "the delta rule (Widrow and Hoff 1960)", func() nets.System { return &Delta{} }),
		cli.Task("teacher", "what a random linear network answers", func() nets.Task { return &Teacher{Inputs: 8, Examples: 4} }),
	)
}
