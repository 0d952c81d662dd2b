/** The probe provider as a plugin of its own: `pulumi-resource-probe` on PATH is a script that runs this. */
import { openProbeProvider } from "./provider.ts";

const { attach } = await openProbeProvider();
process.stdout.write(`${attach.slice("probe:".length)}\n`);
