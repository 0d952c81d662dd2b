//go:build tools

// Package tools pins what holdfast builds from source where no download is to be had.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
