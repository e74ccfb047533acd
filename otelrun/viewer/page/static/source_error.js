/** The error of every source of documents. */

/** What went wrong with a document: a sentence, a `slug` ("gone": no answer; "not-found", "pruned", "sql", …) and the HTTP status. */
export class SourceError extends Error {
  constructor(message, slug, status) {
    super(message);
    this.slug = slug;
    this.status = status;
  }
}
