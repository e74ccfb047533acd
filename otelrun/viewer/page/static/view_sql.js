/**
 * The SQL view: a question to the run's store, the schema and saved queries beside it, and the answer as a table.
 *
 * The server answers read-only, with a limit of rows and time; this view only shows what it said.
 */
import { button, h, replace, setText } from "./dom.js";
import { hrefToTrace } from "./links.js";
import { ResultView } from "./result_view.js";
import { emptyView } from "./shell.js";

/** Make the view. `context` is the page's. */
export function makeSql(context) {
  return new SqlView(context);
}

class SqlView {
  constructor(context) {
    this.context = context;
    this.state = null;
    this.asked = null;
    this.isLoaded = false;
    this.text = h("textarea", {
      id: "sql-text", class: "field sql-text", spellcheck: false, rows: 7, autocapitalize: "off", autocomplete: "off",
      "aria-label": "SQL query", "aria-describedby": "sql-hint",
      on: { keydown: (event) => this.onKey(event) },
    });
    this.runButton = button("Run", () => this.run(), { class: "action is-main" });
    this.status = h("p", { class: "sql-status", role: "status" });
    this.result = new ResultView((trace) => hrefToTrace(context, trace));
    this.side = h("aside", { class: "sql-side", "aria-label": "Saved queries and schema" });
    const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
    const hint = h("span", { id: "sql-hint", class: "dim" }, h("kbd", { text: isMac ? "⌘ Enter" : "Ctrl Enter" }), " runs it. Read-only, at most 1,000 rows and 5 s.");
    const editor = h("div", { class: "sql-editor" }, this.text, h("div", { class: "sql-bar" }, this.runButton, hint));
    this.main = h("div", { class: "sql-main" }, editor, this.status, this.result.element);
    this.element = h("section", { class: "sql-view", "aria-label": "SQL" }, this.main, this.side);
    this.keys = {};
  }

  /** Show what the address says: the query in it is asked. */
  show(state) {
    this.state = state;
    if (this.context.source.isReport) {
      const command = h("code", { text: `otelrun ui ${state.run}` });
      replace(this.element, emptyView("SQL needs the run itself", "A report holds what was recorded, but not its database.", ["Where the run was recorded: ", command]));
      return;
    }
    if (!this.isLoaded) this.load();
    const wanted = state.params.sql || "";
    if (wanted && wanted !== this.asked) {
      this.text.value = wanted;
      this.ask(wanted);
    }
  }

  /** Nothing here changes by itself: an answer is of the moment it was asked for. */
  update() {}

  async load() {
    this.isLoaded = true;
    try {
      const { schema, saved } = await this.context.source.get(`/api/run/${encodeURIComponent(this.context.runId)}/sql`);
      replace(this.side, savedQueries(saved, (sql) => this.use(sql)), schemaList(schema, (name) => this.insert(name), (sql) => this.use(sql)));
      if (!this.text.value && saved.length) {
        this.text.value = saved[0].sql;
        this.ask(saved[0].sql);
      }
    } catch (error) {
      this.isLoaded = false;
      replace(this.side, h("p", { class: "dim", text: error.message }));
    }
  }

  onKey(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.run();
    } else if (event.key === "Escape") {
      this.text.blur();
      event.stopPropagation();
    }
  }

  /** Put a saved query into the box and ask it. */
  use(sql) {
    this.text.value = sql;
    this.run();
  }

  /** Put a name where the cursor is. */
  insert(name) {
    const { text } = this;
    const before = text.value.slice(0, text.selectionStart);
    const gap = before && !/[\s(.,]$/.test(before) ? " " : "";
    text.setRangeText(gap + name, text.selectionStart, text.selectionEnd, "end");
    text.focus();
  }

  run() {
    const sql = this.text.value.trim();
    if (!sql) {
      setText(this.status, "Write a query first, or choose one of the saved ones.");
      return;
    }
    if (sql === this.state.params.sql) this.ask(sql);
    else this.context.navigate({ sql });
  }

  async ask(sql) {
    this.asked = sql;
    this.runButton.disabled = true;
    this.status.classList.remove("is-bad");
    setText(this.status, "Asking …");
    try {
      const answer = await this.context.source.post(`/api/run/${encodeURIComponent(this.context.runId)}/sql`, { sql });
      if (this.asked !== sql) return;
      setText(this.status, sentenceOf(answer));
      this.result.show(answer);
    } catch (error) {
      if (this.asked !== sql) return;
      this.status.classList.add("is-bad");
      setText(this.status, `✗ ${error.message}`);
      this.result.clear();
    } finally {
      this.runButton.disabled = false;
    }
  }
}

/** What is said above an answer. */
function sentenceOf(answer) {
  const rows = answer.rows.length;
  const many = answer.is_cut ? `The first ${rows.toLocaleString("en-US")} rows; there are more` : rows === 1 ? "1 row" : `${rows.toLocaleString("en-US")} rows`;
  return `${many} · took ${answer.took_ms} ms`;
}

function savedQueries(saved, use) {
  const items = saved.map(({ title, sql }) => h("li", null, button(title, () => use(sql), { class: "link", title: sql })));
  return h("section", { class: "side-section" }, h("h2", { class: "side-title", text: "Saved queries" }), h("ul", { class: "plain-list" }, items));
}

/** Views before tables: they are what most questions are about. */
function schemaList(schema, insert, use) {
  const ordered = [...schema].sort((one, other) => (one.kind === other.kind ? 0 : one.kind === "view" ? -1 : 1));
  const tables = ordered.map((table) => {
    const columns = table.columns.map((column) => h("li", { class: "sql-column" },
      button(column.name, () => insert(column.name), { class: "sql-name", title: `Insert ${column.name}` }),
      column.type && h("span", { class: "sql-type", text: column.type.toLowerCase() }),
      column.comment && h("span", { class: "sql-comment", text: column.comment })));
    const look = button("Show rows", () => use(`SELECT *\nFROM ${table.name}\nLIMIT 100`), { class: "link", "aria-label": `Show rows of ${table.name}` });
    return h("details", { class: "sql-table" },
      h("summary", null, h("span", { class: "sql-table-name", text: table.name }), h("span", { class: "sql-kind", text: table.kind })),
      h("div", { class: "sql-table-body" },
        table.comment && h("p", { class: "sql-comment", text: table.comment }),
        h("div", { class: "sql-table-acts" }, button("Insert name", () => insert(table.name), { class: "link", "aria-label": `Insert name: ${table.name}` }), look),
        h("ul", { class: "plain-list" }, columns)));
  });
  return h("section", { class: "side-section" }, h("h2", { class: "side-title", text: "Schema" }), tables);
}
