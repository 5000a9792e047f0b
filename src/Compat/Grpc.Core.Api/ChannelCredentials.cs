namespace Grpc.Core;

/// <summary>Credentials of a channel: whether it is encrypted, and with which certificates.</summary>
public abstract class ChannelCredentials
{
    /// <summary>No encryption.</summary>
    public static ChannelCredentials Insecure { get; } = new InsecureCredentials();

    /// <summary>
    /// TLS with the default trust and no client certificate; the same as <c>new SslCredentials()</c>.
    /// </summary>
    public static ChannelCredentials SecureSsl { get; } = new SslCredentials();

    internal virtual bool IsComposable => false;

    /// <summary>
    /// Composes channel credentials with call credentials that then apply to every call of the channel.
    /// </summary>
    /// <remarks>
    /// The composition itself accepts <see cref="Insecure"/>; a channel refuses or ignores call credentials over an
    /// unencrypted connection unless it is told otherwise.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The channel credentials are neither SSL nor insecure, for example a composition.
    /// </exception>
    public static ChannelCredentials Create(ChannelCredentials channelCredentials, CallCredentials callCredentials) =>
        new CompositeChannelCredentials(channelCredentials, callCredentials);

    /// <summary>Tells the configurator what these credentials are. For gRPC implementations.</summary>
    public abstract void InternalPopulateConfiguration(ChannelCredentialsConfiguratorBase configurator, object? state);

    private sealed class InsecureCredentials : ChannelCredentials
    {
        internal override bool IsComposable => true;

        public override void InternalPopulateConfiguration(
            ChannelCredentialsConfiguratorBase configurator, object? state) =>
            configurator.SetInsecureCredentials(state);
    }

    private sealed class CompositeChannelCredentials : ChannelCredentials
    {
        private readonly ChannelCredentials _channelCredentials;
        private readonly CallCredentials _callCredentials;

        public CompositeChannelCredentials(ChannelCredentials channelCredentials, CallCredentials callCredentials)
        {
            ArgumentNullException.ThrowIfNull(channelCredentials);
            ArgumentNullException.ThrowIfNull(callCredentials);
            if (!channelCredentials.IsComposable)
            {
                throw new ArgumentException(
                    $"CallCredentials can't be composed with {channelCredentials.GetType().Name}. "
                    + "CallCredentials must be used with secure channel credentials like SslCredentials.",
                    nameof(channelCredentials));
            }

            _channelCredentials = channelCredentials;
            _callCredentials = callCredentials;
        }

        public override void InternalPopulateConfiguration(
            ChannelCredentialsConfiguratorBase configurator, object? state) =>
            configurator.SetCompositeCredentials(state, _channelCredentials, _callCredentials);
    }
}
