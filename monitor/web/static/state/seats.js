/** Places on a line for marks that must not lie on each other. Pure. */

/**
 * Places for marks, 0–1, at least `least` apart: those that would lie on each other make room to both sides.
 *
 * @param {number[]} wanted in any order
 */
export function seated(wanted, least) {
  const order = wanted.map((_, at) => at).sort((a, b) => wanted[a] - wanted[b]);
  /** Runs of marks that touch, each around the middle of where its marks belong. */
  const runs = [];
  for (const at of order) {
    let run = { marks: [at], sum: wanted[at] };
    const half = () => ((run.marks.length - 1) * least) / 2;
    for (let before = runs.at(-1); before; before = runs.at(-1)) {
      const end = before.sum / before.marks.length + ((before.marks.length - 1) * least) / 2;
      if (run.sum / run.marks.length - half() - end >= least) break;
      runs.pop();
      run = { marks: [...before.marks, ...run.marks], sum: before.sum + run.sum };
    }
    runs.push(run);
  }
  const seats = [];
  for (const { marks, sum } of runs)
    marks.forEach((at, place) => (seats[at] = sum / marks.length + (place - (marks.length - 1) / 2) * least));
  return seats;
}
