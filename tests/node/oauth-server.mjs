// An OAuth server that this project did not write: npm's oidc-provider, with rotation of refresh tokens and revocation
// of the whole family when one is used twice. It stands in for an app's authorization server; whoever comes is signed
// in at once. Prints its address as one JSON line, then obeys until its standard input ends.
//
//   GET  /control          what happened so far
//   POST /control          {"delay": ms, "gate": bool, "hold": bool, "status": 503, "access_token_seconds": n,
//                           "account": "…"}: from now on
//   GET  /control/secrets  every secret that went through here
//   GET  /control/agree    ?user_code=…: somebody agrees on another device
//
// At the token endpoint: `gate` keeps requests from being handled, and when it is taken away they are thrown away, as
// if they had never arrived. `delay` holds answers back after they were made. `hold` holds them until it is taken away;
// that is answered once they are on their way. `status` refuses before anything happens. `access_token_seconds` is the
// life that is told of an access token; it is refused after that, but for the first time that it comes: a login asks
// whose token it got, which takes longer on a busy machine than such a token may live.
import { createHash } from 'node:crypto';
import http from 'node:http';
import { once } from 'node:events';
import Provider, { errors, interactionPolicy } from 'oidc-provider';

const control = { delay: 0, gate: false, hold: false, status: 0, access_token_seconds: 3600, account: 'account-1' };
const seen = { token_requests: 0, refreshed: 0, refused: 0, logins: 0 };
// Requests that wait at the gate, and answers that are held back, as functions that end that; whose caller goes away is
// not among them any more.
const waiting = new Set();
const held = new Set();
const secrets = new Set();
// When the access tokens end, and those that came once.
const ends = new Map();
const known = new Set();
const port = Number(process.argv[2] ?? 0);

const server = http.createServer();
server.listen(port, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const code = ['authorization_code', 'refresh_token'];
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const redirects = ['http://127.0.0.1/callback', 'http://127.0.0.1/oauth/callback'];
const client = (client_id, more) => ({
  client_id,
  redirect_uris: redirects,
  application_type: 'native',
  grant_types: code,
  response_types: ['code'],
  ...more,
});

// The key that the client `with-key` signs with; a fixed one, since it guards nothing.
const publicKey = process.env.CLIENT_JWK ? JSON.parse(process.env.CLIENT_JWK) : undefined;

// Whoever signs in agrees.
const policy = interactionPolicy.base();
policy.remove('consent');

const provider = new Provider(issuer, {
  clients: [
    client('with-post', { client_secret: 'post-secret-0123456789', token_endpoint_auth_method: 'client_secret_post' }),
    client('with-basic', { client_secret: 's3cr:t/+ %&', token_endpoint_auth_method: 'client_secret_basic' }),
    client('public', { token_endpoint_auth_method: 'none' }),
    client('with-device', {
      client_secret: 'device-secret-0123456789',
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token', exchangeGrant],
      response_types: [],
      redirect_uris: [],
    }),
    client('with-credentials', {
      client_secret: 'credentials-secret-0123456789',
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    }),
    ...(publicKey
      ? [client('with-key', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicKey] } })]
      : []),
  ],
  // The paths of the app whose connector is tested.
  routes: { authorization: '/oauth2/authorize', token: '/oauth2/access_token' },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true, userCodeInputSource: (ctx, form) => { ctx.body = form; }, userCodeConfirmSource: (ctx, form) => { ctx.body = form; } },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  scopes: ['openid', 'offline_access', 'read', 'write'],
  rotateRefreshToken: true,
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  ttl: {
    AccessToken: 3600,
    ClientCredentials: 3600,
    RefreshToken: 86400,
    Grant: 86400,
    Session: 86400,
    Interaction: 600,
    IdToken: 600,
    DeviceCode: 600,
  },
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid offline_access read write');
    await grant.save();
    return grant;
  },
  interactions: { policy, url: (ctx, interaction) => `/sign-in/${interaction.uid}` },
  cookies: { keys: ['a key for a server that only tests know'] },
});

// A token for a token (RFC 8693), which the package leaves to those who use it.
provider.registerGrantType(exchangeGrant, async (ctx) => {
  const { params, client } = ctx.oidc;
  const subject = await provider.AccessToken.find(params.subject_token);
  if (!subject || subject.isExpired || subject.clientId !== client.clientId) throw new errors.InvalidGrant('subject_token is not valid');
  const token = new provider.AccessToken({ client, accountId: subject.accountId, grantId: subject.grantId, gty: 'exchange', scope: params.scope ?? subject.scope });
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: token.expiration,
    scope: token.scope,
  };
}, ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'resource', 'scope'], ['audience', 'resource']);

provider.on('grant.success', (ctx) => {
  if (ctx.oidc.params?.grant_type === 'refresh_token') seen.refreshed += 1;
  if (ctx.oidc.params?.grant_type === 'authorization_code') seen.logins += 1;
});
provider.on('grant.error', () => { seen.refused += 1; });

const secretMembers = ['access_token', 'refresh_token', 'id_token', 'client_secret', 'code', 'code_verifier', 'state', 'device_code'];
function remember(members) {
  for (const name of secretMembers) if (typeof members?.[name] === 'string') secrets.add(members[name]);
}
function tellLife(answer) {
  answer.expires_in = control.access_token_seconds;
  ends.set(answer.access_token, Date.now() + 1000 * control.access_token_seconds);
}

function hasEnded(token) {
  if (known.has(token)) return Date.now() >= ends.get(token);
  known.add(token);
  return false;
}

provider.use(async (ctx, next) => {
  remember(ctx.query);
  await next();
  remember(ctx.oidc?.body);
  if (ctx.body?.access_token) tellLife(ctx.body);
  if (ctx.body && typeof ctx.body === 'object') remember(ctx.body);
  const location = ctx.response.get('location');
  if (location) remember(Object.fromEntries(new URL(location, issuer).searchParams));
});

const handle = provider.callback();

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// What the connector asks for to know whose tokens these are.
async function me(request, response) {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const token = bearer && (await provider.AccessToken.find(bearer));
  response.setHeader('content-type', 'application/json');
  if (!token || hasEnded(bearer)) {
    response.statusCode = 401;
    response.end(JSON.stringify({ errors: [{ code: 0, title: 'Unauthorized', status: 401 }] }));
    return;
  }
  const id = (text) => {
    const hex = createHash('sha256').update(text).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  };
  const account = { type: 'account', id: id(control.account) };
  response.end(JSON.stringify({
    data: { id: id(`user of ${control.account}`), account, first_name: 'A', last_name: 'User', email: 'user@example.com', language: 'en', status: 'active' },
  }));
}

// What somebody does at `/device` with the code that they were shown.
async function agree(userCode) {
  const code = await provider.DeviceCode.findByUserCode(userCode.replace(/[^A-Z0-9]/gi, '').toUpperCase());
  const grant = new provider.Grant({ clientId: code.clientId, accountId: control.account });
  grant.addOIDCScope(code.params.scope ?? '');
  Object.assign(code, { accountId: control.account, grantId: await grant.save(), scope: code.params.scope });
  await code.save();
}

// Keeps `goOn` in `place` until that is emptied, or until the caller goes away.
function keep(place, response, goOn) {
  place.add(goOn);
  response.on('close', () => place.delete(goOn));
}

function emptied(place) {
  const all = [...place];
  place.clear();
  return Promise.all(all.map((goOn) => goOn()));
}

async function controlled(change) {
  Object.assign(control, change);
  if (!control.gate) await emptied(waiting);
  if (!control.hold) await emptied(held);
}

server.on('request', async (request, response) => {
  const url = new URL(request.url, issuer);
  const path = url.pathname;
  // Apps that fix the scopes at registration are sent none.
  if (path === '/oauth2/authorize' && !url.searchParams.has('scope')) request.url += '&scope=read';
  if (path === '/control') {
    if (request.method === 'POST') await controlled(JSON.parse(await body(request)));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...seen, waiting: waiting.size, held: held.size, control }));
    return;
  }
  if (path === '/control/secrets') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ secrets: [...secrets] }));
    return;
  }
  if (path === '/control/agree') {
    await agree(url.searchParams.get('user_code'));
    response.end();
    return;
  }
  if (path.startsWith('/sign-in/')) {
    await provider.interactionFinished(request, response, { login: { accountId: control.account } });
    return;
  }
  if (path === '/users.me') return me(request, response);
  if (path !== '/oauth2/access_token') return handle(request, response);

  seen.token_requests += 1;
  if (control.status) {
    seen.refused += 1;
    response.statusCode = control.status;
    response.setHeader('retry-after', '1');
    response.end('<html>not now</html>');
    return;
  }
  if (control.gate) {
    keep(waiting, response, () => request.destroy());
    return;
  }
  // The answer is made, and what it changed has happened, before it is held back.
  const end = response.end.bind(response);
  const send = (all) => new Promise((resolve) => { response.on('close', resolve); end(...all, resolve); });
  response.end = (...all) => {
    if (control.hold) keep(held, response, () => send(all));
    else if (control.delay) setTimeout(() => end(...all), control.delay);
    else end(...all);
    return response;
  };
  await handle(request, response);
});

// Nobody reads on after the first line, and the provider has more to say.
process.stdout.on('error', () => {});
process.stdout.write(`${JSON.stringify({ issuer })}\n`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
