// A Lambda function in Go: built as `bootstrap`, it runs as `provided.al2023`.
package main

import (
	"context"
	"errors"
	"fmt"

	"example.com/resize/lambdaruntime"
)

type event struct {
	Side int `json:"side"`
}

type result struct {
	Side      int    `json:"side"`
	RequestID string `json:"requestId"`
}

func half(ctx context.Context, given event) (result, error) {
	fmt.Printf("halving %d\n", given.Side)
	switch {
	case given.Side < 0:
		return result{}, errors.New("a side is not negative")
	case given.Side == 0:
		panic("nothing to halve")
	}
	return result{given.Side / 2, lambdaruntime.FromContext(ctx).RequestID}, nil
}

func main() {
	lambdaruntime.Start(half)
}
