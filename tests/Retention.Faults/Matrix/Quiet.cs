namespace Retention.Faults.Matrix;

/// <summary>Servers that start in this very process say nothing meanwhile: what a row does to them is not news.</summary>
internal sealed class Quiet : IDisposable
{
    private const string Level = "Logging__LogLevel__Default";

    public Quiet() => Environment.SetEnvironmentVariable(Level, "None");

    public void Dispose() => Environment.SetEnvironmentVariable(Level, null);
}
