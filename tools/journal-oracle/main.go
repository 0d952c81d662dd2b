// Command journal-oracle answers what Pulumi's own JournalReplayer makes of a checkpoint and a journal: holdfast's
// replay is compared with it.
//
// Each line of standard input is a case, {"base": DeploymentV3, "entries": [JournalEntry, …]}; the line of standard
// output with the same number is its answer, {"version": …, "features": […], "deployment": DeploymentV3}, with
// "broken": "…" where Pulumi would refuse to read that checkpoint, or {"error": "…"} where the replayer gives up or
// panics.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/pulumi/pulumi/pkg/v3/backend"
	"github.com/pulumi/pulumi/pkg/v3/resource/stack/snapshot"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

type question struct {
	Base    *apitype.DeploymentV3  `json:"base"`
	Entries []apitype.JournalEntry `json:"entries"`
}

type answer struct {
	Version    int                   `json:"version,omitempty"`
	Features   []string              `json:"features,omitempty"`
	Deployment *apitype.DeploymentV3 `json:"deployment,omitempty"`
	Broken     string                `json:"broken,omitempty"`
	Error      string                `json:"error,omitempty"`
}

// replay turns the replayer's panics into errors: it asserts what the engine promises, and generated cases may not keep it.
func replay(line []byte) (result answer) {
	defer func() {
		if cause := recover(); cause != nil {
			result = answer{Error: fmt.Sprint(cause)}
		}
	}()
	asked := question{}
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	if asked.Base == nil {
		asked.Base = &apitype.DeploymentV3{}
	}
	replayer := backend.NewJournalReplayer(asked.Base)
	for _, entry := range asked.Entries {
		if err := replayer.Add(entry); err != nil {
			return answer{Error: err.Error()}
		}
	}
	typed, err := replayer.GenerateDeployment()
	if err != nil {
		return answer{Error: err.Error()}
	}
	result = answer{Version: typed.Version, Features: typed.Features, Deployment: typed.Deployment}
	if broken := snapshot.VerifyIntegrity(typed.Deployment); broken != nil {
		result.Broken = broken.Error()
	}
	return result
}

func serve(from io.Reader, to io.Writer) error {
	reader := bufio.NewReader(from)
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	for {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		if err := encoder.Encode(replay(line)); err != nil {
			return err
		}
	}
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
