/** Of the provider that these resources need: `holdfast`, in the daemon or as pulumi-resource-holdfast on PATH. */
export const VERSION = "0.1.0";
