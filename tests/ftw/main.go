// Runs the CRS regression tests with go-ftw's own reader, request builder, sender and judge, and prints
// what came of them as JSON. The program around them that go-ftw ships takes modules that do nothing for a
// test run (self-update, waiting for a host), so that this one stands in for `go-ftw run`.
//
//	ftw run --tests DIR --log FILE --port N [--include REGEX] [--show]
//	ftw bytes --tests DIR
//
// `run` prints go-ftw's statistics; `bytes` prints, a line for each stage, the exact bytes that go-ftw sends.
package main

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"

	schema "github.com/coreruleset/ftw-tests-schema/v2/types"
	"github.com/rs/zerolog"

	"github.com/coreruleset/go-ftw/config"
	"github.com/coreruleset/go-ftw/ftwhttp"
	"github.com/coreruleset/go-ftw/output"
	"github.com/coreruleset/go-ftw/runner"
	"github.com/coreruleset/go-ftw/test"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: ftw run|bytes --tests DIR …"))
	}
	zerolog.SetGlobalLevel(zerolog.Disabled)
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	folder := flags.String("tests", "", "folder of the tests")
	logFile := flags.String("log", "", "log of the gate")
	port := flags.Int("port", 0, "port of the gate on 127.0.0.1")
	include := flags.String("include", "", "only tests whose id matches")
	show := flags.Bool("show", false, "print each failure as it happens, to standard error")
	if err := flags.Parse(os.Args[2:]); err != nil {
		fail(err)
	}
	var tests []*test.FTWTest
	for _, ending := range []string{"yaml", "yml"} {
		found, err := test.GetTestsFromFiles(*folder + "/**/*." + ending)
		if err != nil {
			fail(err)
		}
		tests = append(tests, found...)
	}
	switch os.Args[1] {
	case "run":
		run(tests, *logFile, *port, *include, *show)
	case "bytes":
		bytes(tests)
	default:
		fail(fmt.Errorf("unknown command %q", os.Args[1]))
	}
}

func run(tests []*test.FTWTest, logFile string, port int, include string, show bool) {
	cfg := config.NewDefaultConfig()
	cfg.LogFile = logFile
	address := "127.0.0.1"
	cfg.TestOverride.Overrides.DestAddr = &address
	cfg.TestOverride.Overrides.Port = &port
	conf := &runner.RunnerConfig{
		ConnectTimeout: 10 * time.Second,
		ReadTimeout:    20 * time.Second,
		ShowOnlyFailed: true,
	}
	if include != "" {
		compiled, err := regexp.Compile(include)
		if err != nil {
			fail(err)
		}
		conf.Include = compiled
	}
	kind := "quiet"
	if show {
		kind = "plain"
	}
	done, err := runner.Run(cfg, tests, conf, output.NewOutput(kind, os.Stderr))
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(done.Stats); err != nil {
		fail(err)
	}
}

type sent struct {
	ID    string `json:"id"`
	Stage int    `json:"stage"`
	Bytes string `json:"bytes"`
}

func bytes(tests []*test.FTWTest) {
	out := json.NewEncoder(os.Stdout)
	for _, file := range tests {
		for _, one := range file.Tests {
			for stage, written := range one.Stages {
				raw, err := build(&written)
				if err != nil {
					fail(fmt.Errorf("%s: %w", one.IdString(), err))
				}
				line := sent{ID: one.IdString(), Stage: stage, Bytes: base64.StdEncoding.EncodeToString(raw)}
				if err := out.Encode(line); err != nil {
					fail(err)
				}
			}
		}
	}
}

// build does what go-ftw does between reading a stage and writing to the socket.
func build(stage *schema.Stage) ([]byte, error) {
	input := test.Input(stage.Input)
	if input.EncodedRequest != "" {
		return base64.StdEncoding.DecodeString(input.EncodedRequest)
	}
	line := &ftwhttp.RequestLine{Method: input.GetMethod(), URI: input.GetURI(), Version: input.GetVersion()}
	return ftwhttp.BuildRequest(
		ftwhttp.NewRequest(line, input.Headers, input.GetData(), *input.AutocompleteHeaders))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "ftw:", err)
	os.Exit(1)
}
