// SPDX-License-Identifier: MIT OR Apache-2.0

// A peer if it is installed: Go, on one processor, with its own idioms.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// As in bench.h.
const (
	switches     = 2000000
	batches      = 1000
	batch        = 1000
	oneByOne     = 1000000
	roundTrips   = 500000
	messages     = 1000000
	buffer       = 1024
	sleepers     = 100000
	manySleepers = 1000000
	timers       = 1000000
	timerTasks   = 1000
	timerMax     = 1000
)

func cpu() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

func resident() float64 {
	var size, pages float64
	text, _ := os.ReadFile("/proc/self/statm")
	fmt.Sscan(string(text), &size, &pages)
	return pages * float64(os.Getpagesize())
}

func spawn(n int, body func()) {
	var group sync.WaitGroup
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() { defer group.Done(); body() }()
	}
	group.Wait()
}

func putToSleep(n int, prefix string) {
	whole, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	asleep := 0
	bytes, before := resident(), cpu()
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			defer group.Done()
			timer := time.NewTimer(time.Hour)
			defer timer.Stop()
			asleep++
			select {
			case <-timer.C:
			case <-whole.Done():
			}
		}()
	}
	for asleep < n {
		runtime.Gosched()
	}
	fmt.Println(prefix+"-create-ns", (cpu()-before)/float64(n))
	fmt.Println(prefix+"-bytes", (resident()-bytes)/float64(n))
	before = cpu()
	cancel()
	group.Wait()
	fmt.Println(prefix+"-cancel-ns", (cpu()-before)/float64(n))
}

func oneWay(size int, name string) {
	pipe := make(chan int, size)
	done := make(chan bool)
	before := cpu()
	go func() {
		for i := 0; i < messages; i++ {
			<-pipe
		}
		done <- true
	}()
	for i := 0; i < messages; i++ {
		pipe <- i
	}
	<-done
	fmt.Println(name, (cpu()-before)/messages)
}

func main() {
	runtime.GOMAXPROCS(1)
	works := map[string]func(){
		"switch": func() {
			before := cpu()
			spawn(2, func() {
				for i := 0; i < switches/2; i++ {
					runtime.Gosched()
				}
			})
			fmt.Println("switch-ns", (cpu()-before)/switches)
		},
		"spawn": func() {
			before := cpu()
			for i := 0; i < batches; i++ {
				spawn(batch, func() {})
			}
			fmt.Println("spawn-batch-ns", (cpu()-before)/batches/batch)
			before = cpu()
			for i := 0; i < oneByOne; i++ {
				spawn(1, func() {})
			}
			fmt.Println("spawn-one-ns", (cpu()-before)/oneByOne)
		},
		"rendezvous": func() {
			there, back := make(chan int), make(chan int)
			before := cpu()
			go func() {
				for i := 0; i < roundTrips; i++ {
					back <- <-there
				}
			}()
			for i := 0; i < roundTrips; i++ {
				there <- i
				<-back
			}
			fmt.Println("rendezvous-ns", (cpu()-before)/roundTrips)
		},
		"messages":      func() { oneWay(0, "one-way-ns"); oneWay(buffer, "buffered-ns"); oneWay(buffer, "bursts-ns") },
		"sleepers":      func() { putToSleep(sleepers, "sleeper") },
		"many-sleepers": func() { putToSleep(manySleepers, "many-sleepers") },
		"timers": func() {
			var group sync.WaitGroup
			before := cpu()
			group.Add(timerTasks)
			for i := 0; i < timerTasks; i++ {
				go func(state uint32) {
					defer group.Done()
					for i := 0; i < timers/timerTasks; i++ {
						state = state*1664525 + 1013904223
						time.Sleep(time.Duration(state>>16%timerMax+1) * time.Microsecond)
					}
				}(uint32(i))
			}
			group.Wait()
			fmt.Println("timer-ns", (cpu()-before)/timers)
		},
	}
	if len(os.Args) < 2 {
		for name := range works {
			fmt.Println(name)
		}
	} else if work := works[os.Args[1]]; work != nil {
		work()
	} else {
		os.Exit(2)
	}
}
