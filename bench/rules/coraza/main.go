// Command coraza runs the transactions of bench/rules/corpus.py through Coraza, as a server's connector would.
//
// Its arguments and what it prints are those of modsecurity.c beside it.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/corazawaf/coraza/v3"
	"github.com/corazawaf/coraza/v3/types"
)

func cpuMicroseconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Sec+usage.Stime.Sec)*1e6 + float64(usage.Utime.Usec+usage.Stime.Usec)
}

func residentKB() int {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb
		}
	}
	return 0
}

// arrive ends the request; whether it is refused.
func arrive(tx types.Transaction, body []byte) bool {
	if tx.ProcessRequestHeaders() != nil {
		return true
	}
	if len(body) > 0 {
		if it, _, err := tx.WriteRequestBody(body); it != nil || err != nil {
			return true
		}
	}
	it, err := tx.ProcessRequestBody()
	return it != nil || err != nil
}

// depart ends the response; whether it is refused.
func depart(tx types.Transaction, status int, body []byte) bool {
	if tx.ProcessResponseHeaders(status, "HTTP/1.1") != nil {
		return true
	}
	if tx.IsResponseBodyProcessable() && len(body) > 0 {
		if it, _, err := tx.WriteResponseBody(body); it != nil || err != nil {
			return true
		}
	}
	it, err := tx.ProcessResponseBody()
	return it != nil || err != nil
}

// run takes one transaction from the front of rest, and gives back what follows.
func run(waf coraza.WAF, rest []byte) ([]byte, bool) {
	var tx types.Transaction
	var body []byte
	status, stopped, arrived := 200, false, false
	for {
		end := bytes.IndexByte(rest, '\n')
		line := rest[:end]
		rest = rest[end+1:]
		switch line[0] {
		case 'T':
			words := strings.Fields(string(line[2:]))
			tx = waf.NewTransaction()
			tx.ProcessConnection("192.0.2.7", 40000, "127.0.0.1", 80)
			tx.ProcessURI(words[1], words[0], words[2])
		case 'H', 'R':
			name, value, _ := strings.Cut(string(line[2:]), ": ")
			if line[0] == 'H' {
				tx.AddRequestHeader(name, value)
				if name == "Host" {
					tx.SetServerName(value)
				}
			} else {
				tx.AddResponseHeader(name, value)
			}
		case 'B', 'D':
			length, _ := strconv.Atoi(string(line[2:]))
			body = rest[:length]
			rest = rest[length+1:]
		case 'S':
			status, _ = strconv.Atoi(string(line[2:]))
			if !arrived {
				arrived = true
				stopped = arrive(tx, body)
				body = nil
			}
		case 'E':
			if !stopped {
				stopped = depart(tx, status, body)
			}
			tx.ProcessLogging()
			if err := tx.Close(); err != nil {
				panic(err)
			}
			return rest, stopped
		}
	}
}

func main() {
	before := cpuMicroseconds()
	waf, err := coraza.NewWAF(coraza.NewWAFConfig().
		WithErrorCallback(func(types.MatchedRule) {}).
		WithDirectivesFromFile(os.Args[1]))
	if err != nil {
		fmt.Fprintln(os.Stderr, "coraza:", err)
		os.Exit(1)
	}
	fmt.Printf("load %.0f %d\n", cpuMicroseconds()-before, residentKB())
	for _, word := range os.Args[2:] {
		name, times, _ := strings.Cut(word, ":")
		passes, err := strconv.Atoi(times)
		if err != nil {
			passes = 1
		}
		file, err := os.ReadFile(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "coraza:", err)
			os.Exit(1)
		}
		transactions, stopped := 0, 0
		// Once to warm up what is made on first use; not counted.
		for pass := -1; pass < passes; pass++ {
			if pass == 0 {
				before, transactions, stopped = cpuMicroseconds(), 0, 0
			}
			for rest := file; len(rest) > 0; transactions++ {
				var refused bool
				rest, refused = run(waf, rest)
				if refused {
					stopped++
				}
			}
		}
		fmt.Printf("row %s %.1f %d %d\n", name, cpuMicroseconds()-before, transactions, stopped)
	}
	fmt.Printf("end %d\n", residentKB())
}
