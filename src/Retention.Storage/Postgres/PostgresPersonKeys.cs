using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Retention.Engine.Ports;

namespace Retention.Storage.Postgres;

/// <summary>
/// Persons' keys in the database, wrapped under a master key that is not in it: every node needs the same file. The
/// database keeps a proof by which a node with another file is turned away.
/// </summary>
public sealed class PostgresPersonKeys : IPersonKeyStore
{
    private static readonly byte[] ProofId = Encoding.ASCII.GetBytes("proof");

    private readonly NpgsqlDataSource source;
    private readonly MasterKey master;

    private PostgresPersonKeys(NpgsqlDataSource source, MasterKey master)
    {
        this.source = source;
        this.master = master;
    }

    /// <summary>Opens, or makes the master key of a new database. The caller lets one node at a time do this.</summary>
    public static PostgresPersonKeys Open(PostgresOptions options, string directory)
    {
        var source = Connections.Source(options, poolSize: 2);
        try
        {
            return new PostgresPersonKeys(source, OpenMaster(source, directory));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    public async ValueTask<byte[]> GetOrCreateAsync(string tenantId, string customerId, CancellationToken stop)
    {
        if (await FindAsync(tenantId, customerId, stop).ConfigureAwait(false) is { } known) return known;

        // Another node may be as fast: what the table holds then is the key.
        var id = MasterKey.RowOf(tenantId, customerId);
        var key = RandomNumberGenerator.GetBytes(MasterKey.KeyLength);
        await using (var add = source.CreateCommand("INSERT INTO person_key (id, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING"))
        {
            add.Parameters.Add(Visible.Value(id));
            add.Parameters.Add(Visible.Value(master.Wrap(id, key)));
            if (await add.ExecuteNonQueryAsync(stop).ConfigureAwait(false) == 1) return key;
        }

        return await GetOrCreateAsync(tenantId, customerId, stop).ConfigureAwait(false);
    }

    public async ValueTask<byte[]?> FindAsync(string tenantId, string customerId, CancellationToken stop)
    {
        var id = MasterKey.RowOf(tenantId, customerId);
        await using var find = source.CreateCommand("SELECT wrapped FROM person_key WHERE id = $1");
        find.Parameters.Add(Visible.Value(id));
        return await find.ExecuteScalarAsync(stop).ConfigureAwait(false) is byte[] wrapped ? master.Unwrap(id, wrapped) : null;
    }

    /// <summary>
    /// The row is gone for every reader; its bytes leave the table with the next vacuum, which this starts, and the
    /// log and its archives with their own retention.
    /// </summary>
    public async ValueTask DestroyAsync(string tenantId, string customerId, CancellationToken stop)
    {
        await using (var remove = source.CreateCommand("DELETE FROM person_key WHERE id = $1"))
        {
            remove.Parameters.Add(Visible.Value(MasterKey.RowOf(tenantId, customerId)));
            await remove.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
        }

        await using var vacuum = source.CreateCommand("VACUUM person_key");
        await vacuum.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
    }

    /// <summary>Takes rows as they are wrapped, from a store with the same master key.</summary>
    public void AddWrapped(IReadOnlyList<(byte[] Id, byte[] Key)> rows)
    {
        using var add = source.CreateCommand(
            "INSERT INTO person_key (id, wrapped) SELECT * FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT DO NOTHING");
        add.Parameters.Add(Visible.Value(rows.Select(row => row.Id).ToArray()));
        add.Parameters.Add(Visible.Value(rows.Select(row => row.Key).ToArray()));
        add.ExecuteNonQuery();
    }

    public void Dispose()
    {
        source.Dispose();
        master.Dispose();
    }

    private static MasterKey OpenMaster(NpgsqlDataSource source, string directory)
    {
        using var find = source.CreateCommand("SELECT proof FROM master_key_proof");
        if (find.ExecuteScalar() is byte[] proof)
        {
            if (!MasterKey.IsIn(directory))
            {
                throw new StoreDamagedException(
                    $"{MasterKey.FileName} is not in {directory}: copy it there from another node's data directory.");
            }

            var known = MasterKey.Open(directory);
            known.Unwrap(ProofId, proof);
            return known;
        }

        var master = MasterKey.IsIn(directory) ? MasterKey.Open(directory) : MasterKey.Create(directory);
        using var keep = source.CreateCommand("INSERT INTO master_key_proof (proof) VALUES ($1)");
        keep.Parameters.Add(Visible.Value(master.Wrap(ProofId, new byte[MasterKey.KeyLength])));
        keep.ExecuteNonQuery();
        return master;
    }
}
