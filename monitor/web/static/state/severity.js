/** The four severities in order, and their weight where one call has to be held against another. */

export const SEVERITIES = ["critical", "major", "minor", "hint"];

const WEIGHT = { critical: 8, major: 4, minor: 2, hint: 1 };

export function weight(severity) {
  return WEIGHT[severity] ?? 0;
}

/** The gravest of some warnings, or "" when there are none. */
export function gravest(warnings) {
  return SEVERITIES.find((severity) => warnings.some((warning) => warning.severity === severity)) ?? "";
}

/** How many warnings there are of each severity. */
export function counts(warnings) {
  const found = { critical: 0, major: 0, minor: 0, hint: 0 };
  for (const warning of warnings) if (warning.severity in found) found[warning.severity] += 1;
  return found;
}
