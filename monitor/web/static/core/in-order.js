/** A question that is asked again and again: an answer that comes after the answer to a later one is old news. */

/**
 * @template A
 * @param {(...given: any[]) => Promise<A>} ask
 * @returns {(...given: any[]) => Promise<A|undefined>} `undefined` where a later question was answered sooner
 */
export function inOrder(ask) {
  let asked = 0;
  let answered = 0;
  return async (...given) => {
    const turn = (asked += 1);
    const answer = await ask(...given);
    if (turn < answered) return undefined;
    answered = turn;
    return answer;
  };
}
