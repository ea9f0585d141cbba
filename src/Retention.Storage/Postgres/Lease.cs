using System.Diagnostics;
using NodaTime;
using Npgsql;

namespace Retention.Storage.Postgres;

/// <summary>
/// Work that one node does for all. It moves when its holder is silent for long enough. Two nodes may hold it for a
/// moment, by their own clocks: what is done under it must be safe when it is done twice, and is (versions decide).
/// </summary>
internal sealed class Lease(Connections connections, string name, Guid holder)
{
    private readonly Lock gate = new();
    private long askedAt;
    private bool isHeld;

    /// <summary>Its holder asks the database four times within the lease's time, the others ten times: it moves soon.</summary>
    public bool IsHeld()
    {
        lock (gate)
        {
            var interval = connections.Options.LeaseFor.ToTimeSpan();
            if (askedAt == 0 || Stopwatch.GetElapsedTime(askedAt) > interval / (isHeld ? 4 : 10))
            {
                isHeld = false;
                isHeld = Ask(interval);
                askedAt = Stopwatch.GetTimestamp();
            }

            return isHeld;
        }
    }

    /// <summary>Lets another node take it at once.</summary>
    public void Release()
    {
        lock (gate)
        {
            if (!isHeld) return;
            isHeld = false;
            using var connection = connections.Open();
            using var command = new NpgsqlCommand("DELETE FROM lease WHERE name = $1 AND holder = $2", connection)
            {
                Parameters = { Visible.Value(name), Visible.Value(holder) },
            };
            command.ExecuteNonQuery();
        }
    }

    private bool Ask(TimeSpan interval)
    {
        using var connection = connections.Open();
        using var command = new NpgsqlCommand("SELECT hold($1, $2, $3)", connection)
        {
            Parameters = { Visible.Value(name), Visible.Value(holder), Visible.Value(interval) },
        };
        return (bool)command.ExecuteScalar()!;
    }
}
