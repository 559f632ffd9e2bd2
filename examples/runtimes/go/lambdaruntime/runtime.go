// Package lambdaruntime is a small client of the Lambda Runtime API: jupyter-lambda's own, not AWS's.
//
// Standard library only, so that a function compiles without downloading a module. Start asks for an event, calls the handler,
// answers, for ever. A returned error and a panic are told as AWS's library tells them; after a panic the process ends, and with it
// the execution environment is reset.
//
// Source: AWS Lambda Developer Guide, "Using the Lambda runtime API".
package lambdaruntime

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"time"
)

// Invocation is what a handler finds in its context, by FromContext.
type Invocation struct {
	RequestID          string
	InvokedFunctionArn string
	TraceID            string
}

type key struct{}

// FromContext returns the invocation that a handler's context belongs to.
func FromContext(ctx context.Context) Invocation {
	invocation, _ := ctx.Value(key{}).(Invocation)
	return invocation
}

type failure struct {
	Message string  `json:"errorMessage"`
	Type    string  `json:"errorType"`
	Trace   []frame `json:"stackTrace,omitempty"`
}

type frame struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Label string `json:"label"`
}

// Start serves invocations until the process is ended from outside.
func Start[Event, Result any](handler func(context.Context, Event) (Result, error)) {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	client := &http.Client{Transport: &http.Transport{}} // no proxy and no timeout: the next event may be hours away
	for {
		answer, err := client.Get(api + "next")
		if err != nil {
			log.Fatalf("the Runtime API is gone: %v", err)
		}
		event, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			log.Fatalf("an event broke off: %v", err)
		}
		id := answer.Header.Get("Lambda-Runtime-Aws-Request-Id")
		result, failed := invoke(handler, answer.Header, event)
		if failed == nil {
			post(client, api+id+"/response", result, "")
			continue
		}
		body, _ := json.Marshal(failed)
		log.Printf("%s", body)
		post(client, api+id+"/error", body, failed.Type)
		if failed.Trace != nil {
			os.Exit(2) // what a panic has left behind is not to be trusted
		}
	}
}

func invoke[Event, Result any](
	handler func(context.Context, Event) (Result, error), headers http.Header, body []byte,
) (result []byte, failed *failure) {
	defer func() {
		if value := recover(); value != nil {
			failed = &failure{fmt.Sprint(value), typeName(value), frames()}
		}
	}()
	milliseconds, _ := strconv.ParseInt(headers.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
	invocation := Invocation{
		headers.Get("Lambda-Runtime-Aws-Request-Id"), headers.Get("Lambda-Runtime-Invoked-Function-Arn"), headers.Get("Lambda-Runtime-Trace-Id"),
	}
	ctx, cancel := context.WithDeadline(context.WithValue(context.Background(), key{}, invocation), time.UnixMilli(milliseconds))
	defer cancel()
	var event Event
	if err := json.Unmarshal(body, &event); err != nil {
		return nil, &failure{Message: err.Error(), Type: typeName(err)}
	}
	value, err := handler(ctx, event)
	if err != nil {
		return nil, &failure{Message: err.Error(), Type: typeName(err)}
	}
	if result, err = json.Marshal(value); err != nil {
		return nil, &failure{Message: err.Error(), Type: typeName(err)}
	}
	return result, nil
}

func post(client *http.Client, url string, body []byte, errorType string) {
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		log.Fatalf("no request could be made for %s: %v", url, err)
	}
	request.Header.Set("Content-Type", "application/json")
	if errorType != "" {
		request.Header.Set("Lambda-Runtime-Function-Error-Type", errorType)
	}
	answer, err := client.Do(request)
	if err != nil {
		log.Fatalf("the Runtime API took no answer: %v", err)
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

// typeName is the error's type without its package, as AWS's library names it.
func typeName(value any) string {
	kind := reflect.TypeOf(value)
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	return kind.Name()
}

// frames are the calls between the panic and this package.
func frames() []frame {
	calls := make([]uintptr, 64)
	calls = calls[:runtime.Callers(3, calls)]
	found := []frame{}
	for walk := runtime.CallersFrames(calls); ; {
		call, more := walk.Next()
		found = append(found, frame{call.File, call.Line, call.Function})
		if !more {
			return found
		}
	}
}
