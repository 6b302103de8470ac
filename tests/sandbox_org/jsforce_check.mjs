/* What jsforce from npm does against the org, step by step; prints one line of JSON with what it saw.
   Arguments: the org's address, username, password, client id, client secret, redirect URI. */
import jsforce from "jsforce";

const [url, username, password, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const seen = {};

const soap = new jsforce.Connection({ loginUrl: url, version: "59.0" });
const user = await soap.login(username, password);
seen.soap = { userId: user.id, organizationId: user.organizationId, instanceUrl: soap.instanceUrl };

const oauth2 = new jsforce.OAuth2({ loginUrl: url, clientId, clientSecret, redirectUri, useVerifier: true });
const connection = new jsforce.Connection({ oauth2, version: "59.0" });
seen.code = await code(oauth2.getAuthorizationUrl({ scope: "api refresh_token id", state: "abc" }));
seen.oauth = await connection.authorize(seen.code);
seen.identity = (await connection.identity()).username;

seen.describe = (await connection.sobject("Lead").describe()).fields.length;
seen.global = (await connection.describeGlobal()).sobjects.map((each) => each.name);

const made = await connection.sobject("Lead").create({ LastName: "Smith", Company: "SmithCorp" });
seen.created = made;
const many = Array.from({ length: 450 }, (_, number) => ({ LastName: `L${number}`, Company: "Many" }));
seen.many = (await connection.sobject("Lead").create(many, { allowRecursive: true })).filter((each) => each.success).length;
seen.mixed = await connection.sobject("Lead").create([{ LastName: "One", Company: "A" }, { LastName: "Two" }]);
seen.updated = await connection.sobject("Lead").update({ Id: made.id, City: "Rome" });
seen.upserts = [];
for (const LastName of ["First", "Second"]) {
  seen.upserts.push(await connection.sobject("Lead").upsert({ External_Id__c: "u1", LastName, Company: "U" }, "External_Id__c"));
}
seen.retrieved = (await connection.sobject("Lead").retrieve(made.id)).City;

const page = await connection.query("SELECT Id FROM Lead WHERE Company = 'Many'", { headers: { "Sforce-Query-Options": "batchSize=200" } });
seen.pages = [page.records.length];
for (let next = page; !next.done; ) {
  next = await connection.queryMore(next.nextRecordsUrl);
  seen.pages.push(next.records.length);
}
seen.found = await connection.sobject("Lead").find({ City: "Rome" }, "Id, LastName").limit(5);
seen.deleted = await connection.sobject("Lead").destroy(made.id);
try {
  await connection.sobject("Lead").retrieve(made.id);
} catch (error) {
  seen.gone = error.errorCode;
}
try {
  await connection.sobject("Lead").create({ LastName: "No company" });
} catch (error) {
  seen.refused = { code: error.errorCode, message: error.message };
}

await fetch(`${url}/__org/faults`, { method: "POST", body: JSON.stringify({ kind: "expire_tokens" }) });
seen.afterExpiry = (await connection.query("SELECT count() FROM Lead")).totalSize;
seen.limit = connection.limitInfo.apiUsage.limit;
console.log(JSON.stringify(seen));

/** Log in and consent as a browser would, and read the code off the way back. */
async function code(authorizeUrl) {
  const jar = {};
  const visit = async (target, form) => {
    const reply = await fetch(target, {
      redirect: "manual",
      method: form ? "POST" : "GET",
      body: form && new URLSearchParams(form),
      headers: { cookie: Object.entries(jar).map((pair) => pair.join("=")).join("; ") },
    });
    for (const cookie of reply.headers.getSetCookie()) {
      const [name, value] = cookie.split(";")[0].split("=");
      jar[name] = value;
    }
    return reply;
  };
  const hidden = (page) =>
    Object.fromEntries(
      [...page.split("</form>")[0].matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value.replaceAll("&amp;", "&").replaceAll("&#34;", '"'),
      ]),
    );
  const login = await (await visit(authorizeUrl)).text();
  const loggedIn = await visit(`${url}/services/oauth2/authorize`, { ...hidden(login), username, pw: password });
  const consent = await (await visit(url + loggedIn.headers.get("location"))).text();
  const back = await visit(`${url}/services/oauth2/authorize`, { ...hidden(consent), decision: "allow" });
  return new URL(back.headers.get("location")).searchParams.get("code");
}
