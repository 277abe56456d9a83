// Routes this process's TLS connections (fetch, https, WebSockets) to some hosts through a proxy on this machine.
// Node's fetch and https module ignore HTTPS_PROXY. All of them use tls.connect, which, like plain HTTP, uses
// net.Socket.connect.
'use strict';
const net = require('net');
const tls = require('tls');
const { Duplex } = require('stream');
const { syncBuiltinESMExports } = require('module');

const redirect = /* REDIRECT */ { hosts: [], everything: false, proxyHost: '127.0.0.1', proxyPort: 0 };
const connect = tls.connect;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i;

tls.connect = function (...args) {
  const options = optionsOf(args);
  const host = options.host || options.servername;
  if (options.socket || options.path || !host || !isRedirected(host)) return connect.apply(tls, args);
  const tunnel = new Tunnel(host, options.port || 443);
  const servername = options.servername || (net.isIP(host) ? '' : host);
  const callback = args.find((arg) => typeof arg === 'function');
  const socket = connect.call(tls, { ...options, servername, socket: tunnel }, callback);
  tunnel.on('error', (error) => socket.destroy(error));
  return socket;
};

if (redirect.everything) {
  const open = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    const { host, path } = optionsOf(Array.isArray(args[0]) ? args[0] : args); // net.connect gives an array
    if (path || !host || LOOPBACK.test(host)) return open.apply(this, args);
    this.destroy(new Error(`Lamina lets nothing through to ${host}`));
    return this;
  };
}
syncBuiltinESMExports();

// Accepts connect(options), (port, options) and (port, host, options), each with or without a callback
function optionsOf(args) {
  const [first, second] = args;
  const options = Object.assign({}, ...args.filter((arg) => arg !== null && typeof arg === 'object'));
  if (typeof first === 'object') return options;
  return { ...(typeof second === 'string' ? { host: second } : {}), port: Number(first), ...options };
}

function isRedirected(host) {
  const name = host.toLowerCase();
  if (LOOPBACK.test(name)) return false;
  const matches = (pattern) => (pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern);
  return redirect.everything || redirect.hosts.some(matches);
}

// A connection through the proxy. Writes wait until the proxy has accepted the CONNECT request.
class Tunnel extends Duplex {
  constructor(host, port) {
    super();
    this.waiting = null;
    this.head = Buffer.alloc(0);
    this.isOpen = false;
    this.raw = net.connect(redirect.proxyPort, redirect.proxyHost, () => {
      this.raw.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
    });
    this.raw.on('data', (chunk) => this.take(chunk));
    this.raw.on('end', () => (this.isOpen ? this.push(null) : this.destroy(new Error(`the proxy refused ${host}`))));
    this.raw.on('error', (error) => this.destroy(error));
    this.raw.on('close', () => this.destroy());
  }

  take(chunk) {
    if (this.isOpen) {
      if (!this.push(chunk)) this.raw.pause();
      return;
    }
    this.head = Buffer.concat([this.head, chunk]);
    const end = this.head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const status = this.head.subarray(0, this.head.indexOf('\r\n')).toString('latin1');
    if (!/^HTTP\/1\.[01] 2/.test(status)) {
      this.destroy(new Error(`the proxy answers: ${status}`));
      return;
    }
    this.isOpen = true;
    const rest = this.head.subarray(end + 4);
    if (rest.length) this.push(rest);
    if (this.waiting) this.waiting();
  }

  whenOpen(action) {
    if (this.isOpen) action();
    else this.waiting = action;
  }

  _read() {
    this.raw.resume();
  }

  _write(chunk, encoding, done) {
    this.whenOpen(() => this.raw.write(chunk, encoding, done));
  }

  _final(done) {
    this.whenOpen(() => this.raw.end(done));
  }

  _destroy(error, done) {
    this.raw.destroy();
    done(error);
  }

  setNoDelay() { this.raw.setNoDelay(...arguments); return this; }
  setKeepAlive() { this.raw.setKeepAlive(...arguments); return this; }
  setTimeout() { this.raw.setTimeout(...arguments); return this; }
  ref() { this.raw.ref(); return this; }
  unref() { this.raw.unref(); return this; }
}
