namespace Retention.Benchmarks.Designs;

/// <summary>
/// What most teams would write: tables with the keys that the promises need (request ids and receipts are unique, a
/// customer's lots are found by expiry, every change leaves a line), and nothing else.
/// </summary>
internal static class PlainSql
{
    public const string Schema = """
        CREATE TABLE request (id text PRIMARY KEY, digest bigint NOT NULL, reply bytea NOT NULL);
        CREATE TABLE customer (id text PRIMARY KEY, available bigint NOT NULL) WITH (fillfactor = 70);
        CREATE TABLE purchase (
            source text, purchase_id text, customer text NOT NULL, total bigint NOT NULL, lines jsonb NOT NULL,
            at timestamptz NOT NULL, PRIMARY KEY (source, purchase_id));
        CREATE TABLE lot (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text NOT NULL, millipoints bigint NOT NULL,
            remaining bigint NOT NULL, expires timestamptz NOT NULL);
        CREATE INDEX lot_by_expiry ON lot (customer, expires);
        CREATE TABLE history (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text NOT NULL, at timestamptz NOT NULL,
            body jsonb NOT NULL);
        CREATE TABLE offer (code text PRIMARY KEY, total bigint NOT NULL, used bigint NOT NULL) WITH (fillfactor = 20);
        CREATE TABLE redemption (source text, order_id text, code text NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (source, order_id));
        """;

    public const string Seen = "SELECT reply FROM request WHERE id = $1";

    public const string LockCustomer = "SELECT available FROM customer WHERE id = $1 FOR UPDATE";

    public const string AddRequest = "INSERT INTO request VALUES ($1, $2, $3)";

    public const string AddPurchase = "INSERT INTO purchase VALUES ($1, $2, $3, $4, $5::jsonb, now())";

    public const string AddLot =
        "INSERT INTO lot (customer, millipoints, remaining, expires) VALUES ($1, $2, $2, now() + interval '365 days')";

    public const string AddHistory = "INSERT INTO history (customer, at, body) VALUES ($1, now(), $2::jsonb)";

    public const string SetAvailable = "UPDATE customer SET available = $2 WHERE id = $1";

    // Request id, digest, source, receipt, customer, total, lines, millipoints. No row: the id was used before.
    public const string OneStatement = """
        WITH first AS (INSERT INTO request VALUES ($1, $2, '') ON CONFLICT DO NOTHING RETURNING 1),
             sale AS (INSERT INTO purchase SELECT $3, $4, $5, $6, $7::jsonb, now() FROM first),
             points AS (
                INSERT INTO lot (customer, millipoints, remaining, expires)
                SELECT $5, $8, $8, now() + interval '365 days' FROM first),
             line AS (INSERT INTO history (customer, at, body) SELECT $5, now(), $7::jsonb FROM first)
        UPDATE customer SET available = available + $8 WHERE id = $5 AND EXISTS (SELECT FROM first) RETURNING available
        """;

    // Code, source, order, request id. No row: used up.
    public const string Redeem = """
        WITH use AS (UPDATE offer SET used = used + 1 WHERE code = $1 AND used < total RETURNING used),
             line AS (INSERT INTO redemption SELECT $2, $3, $1, now() FROM use),
             first AS (INSERT INTO request SELECT $4, 0, '' FROM use)
        SELECT used FROM use
        """;
}
