/** Which requests fit the search and the time range of the address, kept until the search or the rows change. Draws nothing. */
import { askedText, parseQuery } from "./query.js";
import { matching, termsToAsk } from "./request_search.js";
import { endpointsOf } from "./statistics.js";

/** What fits; `note` says how the search in attributes and log lines stands, for the heading of the list. */
export class RequestFit {
  /**
   * @param {RequestRows} rows
   * @param {function(string): Promise<{traces: string[], is_cut: boolean}>} search finds traces by words and pairs, as the source does.
   */
  constructor(rows, search) {
    this.rows = rows;
    this.search = search;
    this.text = "";
    this.found = null;
    this.version = 0;
    this.note = "";
    this.last = null;
  }

  /**
   * Ask the source for what the rows do not know.
   * @param {string} text of the search box. The same text again asks for what is new; the answer of before holds until then.
   * @returns {Promise<boolean>} whether what fits, or the note, is another now.
   */
  async ask(text) {
    const { wanted, unwanted } = termsToAsk(parseQuery(text));
    if (text !== this.text) this.know(null, "");
    this.text = text;
    if (!wanted.length && !unwanted.length) return false;
    if (!this.found) this.note = " · searching attributes and logs …";
    try {
      const groups = [wanted, ...unwanted.map((term) => [term])];
      const answers = await Promise.all(groups.map((group) => (group.length ? this.search(askedText(group)) : null)));
      if (text !== this.text) return false;
      const [all, ...none] = answers.map((answer) => answer && new Set(answer.traces));
      const isCut = answers.some((answer) => answer && answer.is_cut);
      this.know({ wanted: all, unwanted: none }, isCut ? " · more may fit: too many were found" : "");
    } catch (error) {
      if (text !== this.text) return false;
      this.note = ` · attributes and logs were not searched: ${error.message}`;
    }
    return true;
  }

  know(found, note) {
    this.found = found;
    this.note = note;
    this.version += 1;
  }

  /**
   * Give what fits.
   * @param {Object} params of the address: the search `q`, the time range `t`.
   * @returns {{times: Object|null, endpoint: string, indexes: number[], ofAllEndpoints: number[], endpoints: Array}} `endpoint` is the
   *   chosen one in lower case, or ""; `ofAllEndpoints` fit but for that, and `endpoints` are theirs.
   */
  of(params) {
    const key = JSON.stringify([this.rows.version, params.q, params.t, this.version]);
    if (!this.last || this.last.key !== key) this.last = { key, ...this.workOut(params) };
    return this.last;
  }

  workOut({ q, t }) {
    const isChosen = (term) => term.kind === "pair" && term.name === "endpoint" && !term.isNot;
    const terms = parseQuery(q);
    const times = timesOf(t);
    const chosen = terms.find(isChosen);
    const ofAllEndpoints = matching(this.rows, terms.filter((term) => !isChosen(term)), this.found, times);
    const indexes = chosen ? matching(this.rows, terms, this.found, times) : ofAllEndpoints;
    return { times, endpoint: chosen ? chosen.value : "", indexes, ofAllEndpoints, endpoints: endpointsOf(this.rows, ofAllEndpoints) };
  }
}

/** Read a time range of the address: `FROM-TO` in ns. */
function timesOf(text) {
  const match = /^(-?\d+)-(-?\d+)$/.exec(text || "");
  return match ? { from: Number(match[1]), to: Number(match[2]) } : null;
}
