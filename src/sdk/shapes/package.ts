/** Properties of a package, as they reach the provider. */
import { base64 } from "./file.ts";
import { listOf, oneOf, optional, required, text, whole, yesOrNo, type Shape } from "./shape.ts";

const packageName = text({
  pattern: /^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?$/,
  what: 'the name of a Debian package, for example "nginx" or "libc6:i386"',
  most: 200,
});

/** Longest wait for others who work with packages, in seconds. */
const LONGEST_WAIT = 3600;

export const PACKAGE: Shape = {
  name: required(packageName, "the package's name"),
  version: optional(
    text({
      pattern: /^[0-9A-Za-z][0-9A-Za-z.+:~-]*$/,
      what: 'a version as dpkg shows it, for example "1.22.1-9+deb12u1"',
      most: 200,
    }),
  ),
  ensure: optional(oneOf("present", "latest")),
  held: optional(yesOrNo),
  deb: optional(base64),
  recommends: optional(yesOrNo),
  mayRemove: optional(listOf(packageName, "a list of package names")),
  purge: optional(yesOrNo),
  lockWait: optional(whole(0, LONGEST_WAIT)),
};
