// Files on their way to the hub. They live as long as the page; once a file is up, its message is kept like any other.

class Uploads {
  // `on` is {token(), site, done(upload, receipt), changed()}.
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.all = new Map();
  }

  add(files) {
    for (const file of files) this.all.set(newId(), { file, share: 0 });
    this.next();
  }

  retry(id) {
    this.all.get(id).failed = "";
    this.next();
  }

  drop(id) {
    this.all.delete(id);
    this.on.changed();
  }

  // Somebody else is there from now on: what the one before chose is not sent as theirs.
  clear() {
    this.all.clear();
    this.busy?.abort();
    this.on.changed();
  }

  // One after the other, in the order they were chosen; without a token they wait for the line.
  next() {
    this.on.changed();
    const found = [...this.all].find(([, upload]) => !upload.failed);
    if (this.busy || !found || !this.on.token()) return;
    const [id, upload] = found;
    const request = new XMLHttpRequest();
    this.busy = request;
    request.open("POST", this.url);
    request.setRequestHeader("Authorization", `Bearer ${this.on.token()}`);
    request.setRequestHeader("X-Site", this.on.site);
    request.setRequestHeader("X-File-Name", encodeURIComponent(upload.file.name || "picture.png"));
    request.setRequestHeader("Content-Type", upload.file.type || "application/octet-stream");
    request.upload.onprogress = (event) => {
      upload.share = event.total ? Math.floor((100 * event.loaded) / event.total) : 0;
      this.on.changed();
    };
    request.onloadend = () => {
      this.busy = null;
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {}
      if (!this.all.has(id)) return this.next();
      if (request.status === 200 && answer.file) {
        this.all.delete(id);
        this.on.done(id, upload, answer.file);
      } else upload.failed = answer.error || " ";
      this.next();
    };
    request.send(upload.file);
  }
}
